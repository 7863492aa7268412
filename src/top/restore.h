// Restores the terminal when the process dies by a fatal signal.
#pragma once

#include <string>
#include <termios.h>

namespace twtrace {

/// From now on fatal signals such as SIGSEGV and SIGABRT write `leave` (escape sequences, at most
/// 255 bytes) to fd and set its modes before their previous action.
void restore_on_crash(int fd, const std::string& leave, const termios& modes);
/// The terminal has been restored; nothing is left to do.
void forget_restore();

} // namespace twtrace
