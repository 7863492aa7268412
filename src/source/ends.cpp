#include "source/ends.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>

#include "ends.skel.h"
#include "source/try_attach.h"

namespace twtrace {

namespace {

constexpr const char* process = "tcp_timewait_state_process";
constexpr std::array all_needed{process, "tcp_twsk_unique", "inet_twsk_deschedule_put",
                                "inet_twsk_kill"};
// The return value follows the arguments (return_value_of_process() in bpf/ends.bpf.c).
constexpr std::uint32_t min_arguments = 3;
constexpr std::uint32_t max_arguments = 6;

// Checks that the kernel has the functions and did not inline all calls of them. Returns the number
// of arguments of tcp_timewait_state_process().
Result<std::uint32_t> check_functions(const btf* types) {
    for (const char* function : all_needed)
        if (function_id(types, function) < 0)
            return fail(fmt::format("{}: this kernel has no such function to trace", function));
    const std::uint32_t arguments = arguments_of(types, process).value_or(0);
    if (arguments < min_arguments || arguments > max_arguments)
        return fail(fmt::format("{}: has {} arguments on this kernel, which is not supported",
                                process, arguments));
    return arguments;
}

struct SkeletonDeleter {
    void operator()(ends_bpf* skeleton) const { ends_bpf__destroy(skeleton); }
};

// Like ends_bpf__attach(), which does not report which program was refused.
Result<void> attach_all(ends_bpf& skeleton) {
    const bpf_object_skeleton& all = *skeleton.skeleton;
    for (int index = 0; index < all.prog_cnt; ++index) {
        const bpf_prog_skeleton& one = all.progs[index];
        *one.link = bpf_program__attach(*one.prog);
        if (*one.link == nullptr)
            return fail(
                fmt::format("{}: {}", bpf_program__section_name(*one.prog), std::strerror(errno)));
    }
    return {};
}

std::uint64_t recursion_misses(const bpf_program* program) {
    bpf_prog_info info{};
    std::uint32_t length = sizeof(info);
    return bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &length) == 0
               ? info.recursion_misses
               : 0;
}

} // namespace

Result<void> probe_ends() {
    const Btf types(btf__load_vmlinux_btf());
    if (auto all = check_functions(types.get()); !all)
        return tl::unexpected(all.error());
    const int error = try_tracing(BPF_TRACE_FENTRY, function_id(types.get(), process));
    if (error != 0)
        return fail(fmt::format("fentry: {}", std::strerror(error)));
    return {};
}

struct EndsSource::Impl {
    std::unique_ptr<ends_bpf, SkeletonDeleter> skeleton;
};

EndsSource::EndsSource(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
EndsSource::EndsSource(EndsSource&&) noexcept = default;
EndsSource& EndsSource::operator=(EndsSource&&) noexcept = default;
EndsSource::~EndsSource() = default;

Result<EndsSource> EndsSource::open(Shared shared, const twtrace_config& gate) {
    const Btf types(btf__load_vmlinux_btf());
    const auto arguments = check_functions(types.get());
    if (!arguments)
        return tl::unexpected(arguments.error());
    auto impl = std::make_unique<Impl>();
    impl->skeleton.reset(ends_bpf__open());
    if (!impl->skeleton)
        return fail(fmt::format("cannot open the BPF object: {}", std::strerror(errno)));
    ends_bpf& skeleton = *impl->skeleton;
    auto& rodata = *skeleton.rodata;
    const_cast<twtrace_u32&>(rodata.process_arguments) = *arguments;
    const_cast<twtrace_u32&>(rodata.netns_count) = gate.netns_count;
    std::copy(std::begin(gate.netns), std::end(gate.netns), const_cast<twtrace_u32*>(rodata.netns));
    static_assert(offsetof(ends_bpf::ends_bpf__bss, reader_sleeps) == 0);
    for (const auto& [map, fd] : {std::pair(skeleton.maps.ring, shared.ring),
                                  std::pair(skeleton.maps.bss, shared.sleeping)})
        if (const int error = bpf_map__reuse_fd(map, fd); error != 0)
            return fail(fmt::format("cannot share the ring buffer: {}", std::strerror(-error)));
    if (const int error = ends_bpf__load(&skeleton); error != 0) {
        if (auto works = probe_ends(); !works) // reports a general refusal
            return tl::unexpected(works.error());
        return fail(fmt::format("its programs do not load: {} (-v shows the verifier's log)",
                                std::strerror(-error)));
    }
    if (auto attached = attach_all(skeleton); !attached)
        return tl::unexpected(attached.error());
    return EndsSource(std::move(impl));
}

void EndsSource::detach() {
    ends_bpf__detach(impl_->skeleton.get());
}

std::uint64_t EndsSource::lost() const {
    const bpf_map* notes = impl_->skeleton->maps.notes;
    const auto cpus = static_cast<std::size_t>(std::max(libbpf_num_possible_cpus(), 1));
    const std::size_t words = bpf_map__value_size(notes) / sizeof(std::uint64_t);
    std::vector<std::uint64_t> per_cpu(cpus * words);
    const std::uint32_t zero = 0;
    std::uint64_t sum = 0;
    // `lost` is the last word of struct note.
    if (bpf_map_lookup_elem(bpf_map__fd(notes), &zero, per_cpu.data()) == 0)
        for (std::size_t cpu = 1; cpu <= cpus; ++cpu)
            sum += per_cpu[cpu * words - 1];
    const auto& programs = impl_->skeleton->progs;
    for (const bpf_program* program :
         {programs.twtrace_segment, programs.twtrace_segment_done, programs.twtrace_unique,
          programs.twtrace_deschedule, programs.twtrace_kill})
        sum += recursion_misses(program);
    return sum;
}

} // namespace twtrace
