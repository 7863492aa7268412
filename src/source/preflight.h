// Can this host run the BPF programs? Asked before loading, so that a refusal names its cause.
#pragma once

#include <cstdint>
#include <string>

#include "util/result.h"

namespace twtrace {

/// The kernel's type information, whole (Documentation/bpf/btf.rst).
inline constexpr const char* kernel_btf_path = "/sys/kernel/btf/vmlinux";

/// Privileges, BTF, and the kernel features that nothing can replace.
Result<void> preflight();

/// What a failed load or attach (a positive errno) most likely means on this host, and what to do.
std::string explain_load_failure(int error);
std::string explain_attach_failure(int error);

} // namespace twtrace
