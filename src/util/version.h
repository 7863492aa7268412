// What this program is, and what it stands on.
#pragma once

#include <string>

namespace twtrace {

/// What --version prints, without a newline: "twtrace 0.2.0 (libbpf 1.1, Linux 6.18.5)". libbpf is
/// the one that is linked, Linux the one that runs.
std::string version_text();

} // namespace twtrace
