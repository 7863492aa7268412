#include "source/live.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <optional>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "source/ends.h"
#include "source/passive_slots.h"
#include "source/preflight.h"
#include "source/relocation_types.h"
#include "twtrace.skel.h"
#include "util/reason.h"

namespace twtrace {

namespace {

// libbpf explains a failed load at length, which is shown with -v; otherwise the user gets one
// line.
int log_libbpf(libbpf_print_level level, const char* format, va_list arguments) {
    if (level == LIBBPF_DEBUG || !spdlog::should_log(spdlog::level::debug))
        return 0;
    std::array<char, 4096> text{};
    const int length = vsnprintf(text.data(), text.size(), format, arguments);
    std::string_view line(text.data(),
                          std::min(text.size() - 1, static_cast<std::size_t>(std::max(length, 0))));
    while (!line.empty() && line.back() == '\n')
        line.remove_suffix(1);
    spdlog::debug("{}", line);
    return 0;
}

struct SkeletonDeleter {
    void operator()(twtrace_bpf* skeleton) const { twtrace_bpf__destroy(skeleton); }
};

using Skeleton = std::unique_ptr<twtrace_bpf, SkeletonDeleter>;

void set_filters(twtrace_bpf& skeleton, const LiveConfig& config) {
    auto& rodata = *skeleton.rodata;
    std::memcpy(const_cast<twtrace_config*>(&rodata.config), &config.gate, sizeof(config.gate));
    std::memcpy(const_cast<twtrace_u8*>(rodata.local_ports), config.local_ports.bits.data(),
                sizeof(rodata.local_ports));
    std::memcpy(const_cast<twtrace_u8*>(rodata.remote_ports), config.remote_ports.bits.data(),
                sizeof(rodata.remote_ports));
}

// Twice as many buckets of five as sockets: one bucket in forty is then full. A bucket costs 384
// bytes. Spilled entries are allocated on demand, 128 bytes per socket; their table takes 16 bytes
// per entry of capacity, a thousandth of the memory. For comparison, a million sockets take four
// gigabytes themselves.
void fit_store(twtrace_bpf& skeleton, std::uint64_t sockets) {
    constexpr std::uint64_t buckets_in_group = 4; // GROUP_BUCKETS
    constexpr std::uint64_t max_groups = 16384;
    const std::uint64_t min_groups = bpf_map__max_entries(skeleton.maps.groups);
    const auto groups = static_cast<std::uint32_t>(
        std::bit_ceil(std::clamp(sockets * 2 / buckets_in_group, min_groups, max_groups)));
    const_cast<twtrace_config&>(skeleton.rodata->config).group_shift =
        32 - static_cast<std::uint32_t>(std::countr_zero(groups));
    bpf_map__set_max_entries(skeleton.maps.groups, groups);
    constexpr std::uint64_t max_spilled = 2U << 20;
    const std::uint64_t memory = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) *
                                 static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    const std::uint64_t min_spilled = bpf_map__max_entries(skeleton.maps.spill);
    bpf_map__set_max_entries(skeleton.maps.spill,
                             static_cast<std::uint32_t>(std::bit_floor(
                                 std::clamp(memory / 16384, min_spilled, max_spilled))));
}

// The fork tracepoint fires on the whole host, so it is attached only if needed.
void follow_descendants(twtrace_bpf& skeleton, bool wanted) {
    bpf_program__set_autoload(skeleton.progs.twtrace_fork, wanted);
    bpf_program__set_autoload(skeleton.progs.twtrace_free, wanted);
    if (wanted)
        bpf_map__set_max_entries(skeleton.maps.descendants, TWTRACE_TREE_MAX);
}

// types: null means all types of the kernel.
Result<Skeleton> load_against(RelocationTypes* types, const LiveConfig& config) {
    bpf_object_open_opts options{}; // LIBBPF_OPTS is GNU C, which clang rejects
    options.sz = sizeof(options);
    options.btf_custom_path = types != nullptr ? types->path() : nullptr;
    Skeleton skeleton(twtrace_bpf__open_opts(&options));
    if (!skeleton)
        return fail(fmt::format("cannot open the BPF object: {}", std::strerror(errno)));
    if (types != nullptr)
        if (auto filled = types->fill(bpf_object__btf(skeleton->obj)); !filled)
            return tl::unexpected(filled.error());
    set_filters(*skeleton, config);
    bpf_program__set_autoattach(skeleton->progs.twtrace_counts_at_end, false);
    bpf_map__set_max_entries(skeleton->maps.ring, config.ring_bytes);
    fit_store(*skeleton, config.sockets);
    follow_descendants(*skeleton, config.gate.tree_parent != 0);
    if (config.gate.count_passive == TWTRACE_PASSIVE_COUNT)
        bpf_map__set_max_entries(skeleton->maps.passive_counts,
                                 static_cast<std::uint32_t>(possible_cpus()));
    if (const int error = twtrace_bpf__load(skeleton.get()); error != 0)
        return fail(explain_load_failure(-error));
    return skeleton;
}

// Relocated and loaded, but not attached. If the slice of the kernel's types can't be created (an
// unusual kernel, no /proc, no memfd), all types are used, which only takes longer.
Result<Skeleton> load_skeleton(const LiveConfig& config) {
    auto types = RelocationTypes::create();
    auto skeleton = types ? load_against(&*types, config) : tl::unexpected(types.error());
    if (skeleton)
        return skeleton;
    spdlog::debug("retrying with all of the kernel's types: {}", skeleton.error().message);
    return load_against(nullptr, config);
}

Result<void> fill_pids(const twtrace_bpf& skeleton, const LiveConfig& config) {
    const int map = bpf_map__fd(skeleton.maps.filter_pids);
    const std::uint8_t present = 1;
    for (std::uint32_t pid : config.pids)
        if (bpf_map_update_elem(map, &pid, &present, BPF_ANY) != 0)
            return fail(fmt::format("cannot store the pid filter: {}; give at most 1024 pids",
                                    std::strerror(errno)));
    return {};
}

Result<void> fill_cidrs(const bpf_map* map, const std::vector<twtrace_cidr>& cidrs) {
    const std::uint8_t present = 1;
    for (const twtrace_cidr& cidr : cidrs)
        if (bpf_map_update_elem(bpf_map__fd(map), &cidr, &present, BPF_ANY) != 0)
            return fail(fmt::format("cannot store the address filter: {}", std::strerror(errno)));
    return {};
}

Result<PassiveSlotMaps> map_passive_slots(const twtrace_bpf& skeleton) {
    return PassiveSlotMaps::map(bpf_map__fd(skeleton.maps.passive_slots),
                                bpf_map__fd(skeleton.maps.passive_counts),
                                bpf_map__max_entries(skeleton.maps.passive_counts));
}

std::string explain_no_ends(const std::string& why) {
    return fmt::format("--ends is not possible on this host: {}; it needs fentry (`twtrace doctor "
                       "--host`); everything else works without the option",
                       why);
}

Result<void> fill_filters(const twtrace_bpf& skeleton, const LiveConfig& config) {
    if (auto filled = fill_pids(skeleton, config); !filled)
        return filled;
    if (auto filled = fill_cidrs(skeleton.maps.local_cidrs, config.local_cidrs); !filled)
        return filled;
    return fill_cidrs(skeleton.maps.remote_cidrs, config.remote_cidrs);
}

struct RingBufferDeleter {
    void operator()(ring_buffer* ring) const { ring_buffer__free(ring); }
};
using RingBuffer = std::unique_ptr<ring_buffer, RingBufferDeleter>;

// context: points to the handler's address.
int handle_record(void* context, void* record, std::size_t length) {
    (*static_cast<RecordHandler**>(context))
        ->record({static_cast<const std::byte*>(record), length});
    return 0;
}

} // namespace

struct LiveSource::Impl {
    Skeleton skeleton;
    RingBuffer ring;
    RecordHandler* handler = nullptr; // during drain()
    std::optional<EndsSource> ends;
    CountTable overflow;
    CountTable passives;
    PassiveSlotMaps passive_maps;
    PassiveSlots passive_slots;
};

LiveSource::LiveSource(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LiveSource::LiveSource(LiveSource&&) noexcept = default;
LiveSource& LiveSource::operator=(LiveSource&&) noexcept = default;
LiveSource::~LiveSource() = default;

Result<LiveSource> LiveSource::open(const LiveConfig& config) {
    libbpf_set_print(log_libbpf);
    if (auto ready = preflight(); !ready)
        return tl::unexpected(ready.error());
    auto impl = std::make_unique<Impl>();
    auto skeleton = load_skeleton(config);
    if (!skeleton)
        return tl::unexpected(skeleton.error());
    impl->skeleton = *std::move(skeleton);
    if (auto filled = fill_filters(*impl->skeleton, config); !filled)
        return tl::unexpected(filled.error());
    impl->ring.reset(ring_buffer__new(bpf_map__fd(impl->skeleton->maps.ring), handle_record,
                                      &impl->handler, nullptr));
    if (!impl->ring)
        return fail("cannot map the ring buffer: " + reason(errno) +
                    (errno == ENOMEM ? ", or use a smaller --ring" : ""));
    impl->overflow = CountTable(bpf_map__fd(impl->skeleton->maps.overflow), false);
    impl->passives = CountTable(bpf_map__fd(impl->skeleton->maps.passives), true);
    if (config.gate.count_passive == TWTRACE_PASSIVE_COUNT) {
        auto maps = map_passive_slots(*impl->skeleton);
        if (maps) {
            impl->passive_maps = *std::move(maps);
            impl->passive_slots = PassiveSlots(impl->passive_maps.view());
        } else {
            spdlog::warn("{}: they are counted in the table, which costs more",
                         maps.error().message);
        }
    }
    // Attached first: an entry whose end was missed would count as present forever, while an end
    // without an entry is reported.
    if (config.ends) {
        static_assert(offsetof(twtrace_bpf::twtrace_bpf__bss, reader_sleeps) == 0);
        auto ends = EndsSource::open(
            {bpf_map__fd(impl->skeleton->maps.ring), bpf_map__fd(impl->skeleton->maps.bss)},
            config.gate);
        if (!ends)
            return fail(explain_no_ends(ends.error().message));
        impl->ends.emplace(*std::move(ends));
    }
    if (const int error = twtrace_bpf__attach(impl->skeleton.get()); error != 0)
        return fail(explain_attach_failure(-error));
    return LiveSource(std::move(impl));
}

std::size_t LiveSource::drain(RecordHandler& handler) {
    impl_->handler = &handler;
    const int records = ring_buffer__consume(impl_->ring.get());
    impl_->handler = nullptr;
    return records > 0 ? static_cast<std::size_t>(records) : 0;
}

void LiveSource::ask_for_wake_up() {
    __atomic_store_n(&impl_->skeleton->bss->reader_sleeps, 1, __ATOMIC_SEQ_CST);
}

int LiveSource::ring_fd() const {
    return bpf_map__fd(impl_->skeleton->maps.ring);
}

void LiveSource::detach() {
    // The catcher first: alone it would treat every end of a socket as one that was skipped.
    bpf_link__destroy(impl_->skeleton->links.twtrace_destroy_sock);
    impl_->skeleton->links.twtrace_destroy_sock = nullptr;
    twtrace_bpf__detach(impl_->skeleton.get());
    if (impl_->ends)
        impl_->ends->detach();
}

std::uint64_t LiveSource::ends_lost() const {
    return impl_->ends ? impl_->ends->lost() : 0;
}

twtrace_stats LiveSource::stats() const {
    std::vector<twtrace_stats> per_cpu(possible_cpus());
    twtrace_stats sum{};
    const std::uint32_t zero = 0;
    if (bpf_map_lookup_elem(bpf_map__fd(impl_->skeleton->maps.stats), &zero, per_cpu.data()) != 0)
        return sum;
    // The struct consists of counters only, so it can be summed as an array.
    auto* total = reinterpret_cast<std::uint64_t*>(&sum);
    for (const twtrace_stats& cpu : per_cpu) {
        const auto* counts = reinterpret_cast<const std::uint64_t*>(&cpu);
        for (std::size_t index = 0; index < sizeof(sum) / sizeof(*total); ++index)
            total[index] += counts[index];
    }
    return sum;
}

std::uint64_t LiveSource::recursion_misses() const {
    bpf_prog_info info{};
    std::uint32_t length = sizeof(info);
    if (bpf_obj_get_info_by_fd(bpf_program__fd(impl_->skeleton->progs.twtrace_set_state), &info,
                               &length) != 0)
        return 0;
    return info.recursion_misses;
}

NetnsTable LiveSource::namespaces() const {
    return NetnsTable(bpf_map__fd(impl_->skeleton->maps.netns_counts));
}

std::vector<twtrace_descendant> LiveSource::descendants() const {
    const int map = bpf_map__fd(impl_->skeleton->maps.descendants);
    std::vector<twtrace_descendant> all;
    std::uint32_t previous = 0;
    std::uint32_t tgid = 0;
    // The walk restarts if the key is deleted meanwhile, so its steps are limited.
    for (int step = 0; step < 2 * TWTRACE_TREE_MAX; ++step, previous = tgid) {
        if (bpf_map_get_next_key(map, step == 0 ? nullptr : &previous, &tgid) != 0)
            break;
        twtrace_descendant one{};
        if (bpf_map_lookup_elem(map, &tgid, &one) == 0)
            all.push_back(one);
    }
    return all;
}

bool LiveSource::counts_time_wait_at_end() const {
    std::array<std::uint64_t, 3> arguments{};
    bpf_test_run_opts run{}; // LIBBPF_OPTS is GNU C, which clang rejects
    run.sz = sizeof(run);
    run.ctx_in = arguments.data();
    run.ctx_size_in = sizeof(arguments);
    const int program = bpf_program__fd(impl_->skeleton->progs.twtrace_counts_at_end);
    return bpf_prog_test_run_opts(program, &run) == 0 && run.retval != 0;
}

std::uint64_t LiveSource::counted_in_slots() const {
    return impl_->passive_slots.total();
}

std::vector<OverflowCount> LiveSource::take_counted() {
    auto counted = impl_->overflow.take();
    impl_->passive_slots.take(counted);
    const auto passives = impl_->passives.take();
    impl_->passive_slots.offer(passives);
    counted.insert(counted.end(), passives.begin(), passives.end());
    return counted;
}

} // namespace twtrace
