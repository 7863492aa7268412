// The terminal: the only module that uses ncurses.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "top/cells.h"
#include "top/state.h"
#include "top/view.h"
#include "util/result.h"

namespace twtrace {

class Screen {
  public:
    /// Whether there is a suitable terminal; the error names an alternative.
    static Result<void> check();
    /// Takes the terminal over until this object is destroyed. If a signal ends the process before,
    /// the terminal's modes and old content are restored.
    static Result<Screen> open();

    Screen(Screen&&) noexcept;
    Screen& operator=(Screen&&) noexcept;
    Screen(const Screen&) = delete;
    Screen& operator=(const Screen&) = delete;
    ~Screen();

    [[nodiscard]] Glyphs glyphs() const;
    [[nodiscard]] Size size() const;
    void show(const Frame& frame);
    /// The next pressed key, if any. Never waits.
    std::optional<Key> key();
    /// Handles pending changes: a new size, Ctrl-Z (returns when the process continues), the return
    /// from a stop. True: everything has to be redrawn.
    bool handle_signals();

  private:
    struct Impl;
    explicit Screen(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

} // namespace twtrace
