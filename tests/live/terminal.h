// A terminal that a test can type into and read: a separate tmux, removed with the test.
#pragma once

#include <string>
#include <vector>

#include "command.h"

namespace live {

/// Whether tmux is present; prints SKIP otherwise.
bool has_terminal();

class Terminal {
  public:
    /// Runs a shell; each line of `environment` is NAME=value.
    Terminal(int columns, int rows, const std::vector<std::string>& environment = {});
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;
    ~Terminal() = default;

    /// Types text literally; enter() types a line to the shell.
    void type(const std::string& text) const;
    void enter(const std::string& line) const;
    /// Presses keys by tmux's names: "Enter", "Escape", "C-z", "Down", "PageDown".
    void press(const std::string& key) const;
    void resize(int columns, int rows) const;
    /// The content of the screen, on request with escape sequences for colours and attributes.
    std::string screen(bool with_attributes = false) const;
    std::vector<std::string> lines() const { return lines_of(screen()); }
    /// Fails the test, showing the screen, if the text does not appear.
    void await(const std::string& text) const;
    void await_gone(const std::string& text) const;
    /// The shell's child of this name; 0: none.
    int pid_of(const std::string& name) const;
    /// The output of `stty -a` once the shell has the terminal back.
    std::string modes() const;

  private:
    std::string tmux(std::vector<std::string> arguments) const;

    TempDir dir_;
    Command server_;
    int shell_pid_ = 0;
    mutable int asked_ = 0;
};

} // namespace live
