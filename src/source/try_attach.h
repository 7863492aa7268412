// Attaches a tracing program that does nothing, to get the kernel's error.
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

/// Loads, attaches and detaches one; 0 or a positive errno. type_id: of the function or tracepoint;
/// negative: there is none.
int try_tracing(bpf_attach_type kind, int type_id);

/// Type id of a function that fentry and fexit can be attached to; negative: the kernel has no such
/// function, or inlines it.
int function_id(const btf* types, const char* name);
/// Number of arguments of the function.
std::optional<std::uint32_t> arguments_of(const btf* types, const char* function);

} // namespace twtrace
