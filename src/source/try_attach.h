// What the kernel says to a tracing program that does nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <bpf/bpf.h>
#include <bpf/btf.h>

namespace twtrace {

struct BtfDeleter {
    void operator()(btf* types) const { btf__free(types); }
};
using Btf = std::unique_ptr<btf, BtfDeleter>;

/// Loads and attaches one, and lets go of it; 0 or a positive errno. type_id: of the function or
/// tracepoint; negative: there is none.
int try_tracing(bpf_attach_type kind, int type_id);

/// A function that fentry and fexit could be attached to; negative: the kernel has none of this
/// name, or inlines it.
int function_id(const btf* types, const char* name);
/// How many arguments it takes.
std::optional<std::uint32_t> arguments_of(const btf* types, const char* function);

} // namespace twtrace
