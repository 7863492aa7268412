// A small part of a kernel's type information (BTF, Documentation/bpf/btf.rst).
//
// libbpf looks through all types of the kernel, 100,000 of them, once for each that our programs
// name; this part is short (docs/decisions/start.md).
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "util/result.h"

namespace twtrace {

/// Without what makes it a flavour (NAME___SUFFIX): several of ours may be about one of the
/// kernel's (libbpf, "CO-RE"). Cuts at the first three underscores; libbpf is more exact, and finds
/// among the types that are equal by this all that are equal by its own rule.
std::string_view essential_name(std::string_view name);

/// The structs, unions, enums and typedefs with these essential names, and what they contain.
/// Pointers point to void: what our relocations are about does not lie behind them.
///
/// kernel: all of it, in this machine's byte order. Fails where it is damaged, or has a kind of
/// type that Linux 6.1 did not know.
Result<std::vector<std::byte>> slice_types(std::span<const std::byte> kernel,
                                           const std::unordered_set<std::string_view>& names);

} // namespace twtrace
