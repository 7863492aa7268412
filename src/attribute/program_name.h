// The program that a process runs: the executable, and for an interpreter the script. No other
// argument is kept, because arguments may contain secrets.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace twtrace {

/// "/usr/sbin/nginx"; "python3 /srv/app.py", "python3 -m http.server", "node server.js",
/// "java /srv/x.jar", "java com.example.Main". `arguments` as in /proc/PID/cmdline, each followed
/// by a zero byte. An interpreter that runs program text (-c, -e) is named alone.
std::string program_of(std::string_view executable, std::string_view arguments);

/// Empty: the process is gone, its pid belongs to another one (determined by start_boottime_ns), or
/// it may not be read.
std::string read_program(std::uint32_t pid, std::uint64_t start_boottime_ns,
                         const std::string& proc_root = "/proc");

} // namespace twtrace
