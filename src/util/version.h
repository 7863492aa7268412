// Versions of this program, of libbpf and of Linux.
#pragma once

#include <string>

namespace twtrace {

/// The output of --version without a newline: "twtrace 0.2.0 (libbpf 1.1, Linux 6.18.5)": the
/// linked libbpf and the running Linux.
std::string version_text();

} // namespace twtrace
