// Checks whether this host can run the BPF programs, before they are loaded, so that a refusal
// names its cause.
#pragma once

#include <cstdint>
#include <string>

#include "util/result.h"

namespace twtrace {

/// All of the kernel's type information (Documentation/bpf/btf.rst).
inline constexpr const char* kernel_btf_path = "/sys/kernel/btf/vmlinux";

/// Checks privileges, BTF, and the kernel features without an alternative.
Result<void> preflight();

/// The most likely cause of a failed load or attach (a positive errno) on this host, and how to
/// fix it.
std::string explain_load_failure(int error);
std::string explain_attach_failure(int error);

} // namespace twtrace
