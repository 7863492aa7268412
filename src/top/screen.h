// The terminal: the only room that knows ncurses.
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
    /// Whether there is a terminal that can do it; the error says what to use instead.
    static Result<void> check();
    /// Takes the terminal over, until the end of this object. Whatever signal may end the process
    /// before, the terminal gets its modes and its old content back.
    static Result<Screen> open();

    Screen(Screen&&) noexcept;
    Screen& operator=(Screen&&) noexcept;
    Screen(const Screen&) = delete;
    Screen& operator=(const Screen&) = delete;
    ~Screen();

    [[nodiscard]] Glyphs glyphs() const;
    [[nodiscard]] Size size() const;
    void show(const Frame& frame);
    /// The next key that was pressed, if one was. Never waits for one.
    std::optional<Key> key();
    /// Sees to what happened meanwhile: a new size, Ctrl-Z (returns when the process goes on), the
    /// return from a stop. True: everything has to be drawn anew.
    bool look_after();

  private:
    struct Impl;
    explicit Screen(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

} // namespace twtrace
