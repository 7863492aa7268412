#include "source/ends.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <vector>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>

#include "ends.skel.h"
#include "source/try_attach.h"

namespace twtrace {

namespace {

constexpr const char* process = "tcp_timewait_state_process";
// Behind them is what it returned (returned_by_process() in bpf/ends.bpf.c).
constexpr std::uint32_t fewest_arguments = 3;
constexpr std::uint32_t most_arguments = 6;

struct Needed {
    const char* function;
    bpf_attach_type kind;
};
constexpr std::array all_needed{Needed{process, BPF_TRACE_FENTRY}, Needed{process, BPF_TRACE_FEXIT},
                                Needed{"tcp_twsk_unique", BPF_TRACE_FEXIT},
                                Needed{"inet_twsk_deschedule_put", BPF_TRACE_FENTRY},
                                Needed{"inet_twsk_kill", BPF_TRACE_FENTRY}};

// Which of them is refused, and with what.
Result<void> try_all(const btf* types) {
    for (const Needed& needed : all_needed) {
        const char* const kind = needed.kind == BPF_TRACE_FENTRY ? "fentry" : "fexit";
        const int id = function_id(types, needed.function);
        if (id < 0)
            return fail(fmt::format("{}/{}: this kernel has no such function to trace", kind,
                                    needed.function));
        if (const int error = try_tracing(needed.kind, id); error != 0)
            return fail(fmt::format("{}/{}: {}", kind, needed.function, std::strerror(error)));
    }
    return {};
}

struct SkeletonDeleter {
    void operator()(ends_bpf* skeleton) const { ends_bpf__destroy(skeleton); }
};

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
    if (auto works = try_all(types.get()); !works)
        return works;
    const auto arguments = arguments_of(types.get(), process);
    if (!arguments || *arguments < fewest_arguments || *arguments > most_arguments)
        return fail(fmt::format("fexit/{}: has {} arguments here, which is not known", process,
                                arguments.value_or(0)));
    return {};
}

struct EndsSource::Impl {
    std::unique_ptr<ends_bpf, SkeletonDeleter> skeleton;
};

EndsSource::EndsSource(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
EndsSource::EndsSource(EndsSource&&) noexcept = default;
EndsSource& EndsSource::operator=(EndsSource&&) noexcept = default;
EndsSource::~EndsSource() = default;

Result<EndsSource> EndsSource::open(int ring, const twtrace_config& gate) {
    auto impl = std::make_unique<Impl>();
    impl->skeleton.reset(ends_bpf__open());
    if (!impl->skeleton)
        return fail(fmt::format("cannot open the BPF object: {}", std::strerror(errno)));
    ends_bpf& skeleton = *impl->skeleton;
    auto& rodata = *skeleton.rodata;
    const Btf types(btf__load_vmlinux_btf());
    const_cast<twtrace_u32&>(rodata.process_arguments) =
        arguments_of(types.get(), process).value_or(0);
    const_cast<twtrace_u32&>(rodata.netns_count) = gate.netns_count;
    std::copy(std::begin(gate.netns), std::end(gate.netns), const_cast<twtrace_u32*>(rodata.netns));
    if (const int error = bpf_map__reuse_fd(skeleton.maps.ring, ring); error != 0)
        return fail(fmt::format("cannot share the ring buffer: {}", std::strerror(-error)));
    if (const int error = ends_bpf__load(&skeleton); error != 0)
        return fail(fmt::format("does not load: {}", std::strerror(-error)));
    if (const int error = ends_bpf__attach(&skeleton); error != 0)
        return fail(fmt::format("does not attach: {}", std::strerror(-error)));
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
