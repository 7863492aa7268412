// Gives the terminal back when the process dies by a signal that nobody can handle in good order.
#pragma once

#include <string>
#include <termios.h>

namespace twtrace {

/// From now on SIGSEGV, SIGABRT and their like write `leave` (escape sequences, at most 255 bytes)
/// to fd and set its modes before they do what they did before.
void restore_on_crash(int fd, const std::string& leave, const termios& modes);
/// The terminal is back.
void forget_restore();

} // namespace twtrace
