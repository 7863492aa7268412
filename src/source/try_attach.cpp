#include "source/try_attach.h"

#include <array>
#include <cerrno>

#include "util/fd.h"

namespace twtrace {

namespace {

// include/linux/errno.h: internal to the kernel, unknown to the C library.
constexpr int kernel_enotsupp = 524;

int last_error() {
    return errno == kernel_enotsupp ? EOPNOTSUPP : errno;
}

} // namespace

int try_tracing(bpf_attach_type kind, int type_id) {
    if (type_id < 0)
        return ENOENT;
    const std::array<bpf_insn, 2> nothing{bpf_insn{BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0},
                                          bpf_insn{BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};
    bpf_prog_load_opts options{}; // LIBBPF_OPTS is GNU C, which clang rejects
    options.sz = sizeof(options);
    options.expected_attach_type = kind;
    options.attach_btf_id = static_cast<std::uint32_t>(type_id);
    const Fd program(bpf_prog_load(BPF_PROG_TYPE_TRACING, "twtrace_probe", "GPL", nothing.data(),
                                   nothing.size(), &options));
    if (!program)
        return last_error();
    const Fd link(bpf_raw_tracepoint_open(nullptr, program.get()));
    return link ? 0 : last_error();
}

int function_id(const btf* types, const char* name) {
    return types == nullptr ? -1 : btf__find_by_name_kind(types, name, BTF_KIND_FUNC);
}

std::optional<std::uint32_t> arguments_of(const btf* types, const char* function) {
    const int id = function_id(types, function);
    if (id < 0)
        return std::nullopt;
    const btf_type* type = btf__type_by_id(types, static_cast<std::uint32_t>(id));
    const btf_type* prototype = type != nullptr ? btf__type_by_id(types, type->type) : nullptr;
    if (prototype == nullptr)
        return std::nullopt;
    return btf_vlen(prototype);
}

} // namespace twtrace
