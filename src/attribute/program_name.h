// Which program a process runs: the executable, and for an interpreter the script. No other
// argument is kept: they may hold secrets.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace twtrace {

/// "/usr/sbin/nginx"; "python3 /srv/app.py", "python3 -m http.server", "node server.js",
/// "java /srv/x.jar", "java com.example.Main". `arguments` as in /proc/PID/cmdline, each followed
/// by a zero byte. An interpreter that was given its program as text (-c, -e) is named alone.
std::string program_of(std::string_view executable, std::string_view arguments);

/// Empty: the process is gone, its number is another's by now, or it may not be looked into.
/// start_boottime_ns tells a pid that is used again from the one meant.
std::string read_program(std::uint32_t pid, std::uint64_t start_boottime_ns,
                         const std::string& proc_root = "/proc");

} // namespace twtrace
