// A small part of a kernel's type information (BTF, Documentation/bpf/btf.rst).
//
// libbpf searches all 100,000 types of the kernel once for each type that our programs name; the
// slice is short (docs/decisions/start.md).
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "util/result.h"

namespace twtrace {

/// The name without its flavour suffix (NAME___SUFFIX): several of our types may refer to one of
/// the kernel's (libbpf, "CO-RE"). Cuts at the first three underscores; libbpf's own rule is more
/// exact, and every pair that it matches is equal by this rule too.
std::string_view essential_name(std::string_view name);

/// The structs, unions, enums and typedefs with these essential names, and the types that they
/// contain. Pointers point to void, because our relocations do not depend on their targets.
///
/// kernel: all of its type information, in this machine's byte order. Fails if it is damaged, or
/// has a kind of type that Linux 6.1 did not know.
Result<std::vector<std::byte>> slice_types(std::span<const std::byte> kernel,
                                           const std::unordered_set<std::string_view>& names);

} // namespace twtrace
