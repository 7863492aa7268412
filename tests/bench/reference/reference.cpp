// Loads one of the reference programs and drains its ring like twtrace: on a timer of 20 ms. On
// SIGINT or SIGTERM it prints the number of events, and how often the kernel skipped the program.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>
#include <poll.h>
#include <string_view>

#include "empty.skel.h"
#include "lru.skel.h"
#include "sk_storage.skel.h"

namespace {

volatile std::sig_atomic_t stopped = 0;

struct Loaded {
    bpf_program* program = nullptr;
    bpf_map* ring = nullptr;
    const unsigned long long* lost = nullptr;
};

// A skeleton's struct is never freed: there is only one, and the kernel cleans up.
Loaded load_empty() {
    auto* skeleton = empty_bpf__open_and_load();
    if (!skeleton || empty_bpf__attach(skeleton) != 0)
        return {};
    return {skeleton->progs.bench_empty, nullptr, nullptr};
}

Loaded load_lru() {
    auto* skeleton = lru_bpf__open_and_load();
    if (!skeleton || lru_bpf__attach(skeleton) != 0)
        return {};
    return {skeleton->progs.bench_lru, skeleton->maps.events, &skeleton->bss->lost};
}

Loaded load_sk_storage() {
    auto* skeleton = sk_storage_bpf__open_and_load();
    if (!skeleton || sk_storage_bpf__attach(skeleton) != 0)
        return {};
    return {skeleton->progs.bench_sk_storage, skeleton->maps.events, &skeleton->bss->lost};
}

constexpr struct {
    std::string_view name;
    Loaded (*load)();
} programs[] = {{"empty", load_empty}, {"lru", load_lru}, {"sk_storage", load_sk_storage}};

int count_record(void* context, void*, std::size_t) {
    ++*static_cast<unsigned long long*>(context);
    return 0;
}

int run(const Loaded& loaded) {
    unsigned long long received = 0;
    const std::unique_ptr<ring_buffer, decltype(&ring_buffer__free)> ring(
        loaded.ring ? ring_buffer__new(bpf_map__fd(loaded.ring), count_record, &received, nullptr)
                    : nullptr,
        ring_buffer__free);
    std::fputs("reference: tracing\n", stderr);
    while (!stopped) {
        poll(nullptr, 0, loaded.ring ? 20 : 1000);
        if (ring)
            ring_buffer__consume(ring.get());
    }
    if (ring)
        ring_buffer__consume(ring.get());
    bpf_prog_info info{};
    __u32 length = sizeof info;
    bpf_obj_get_info_by_fd(bpf_program__fd(loaded.program), &info, &length);
    std::printf("{\"captured\": %llu, \"lost\": %llu, \"missed\": %llu}\n", received,
                loaded.lost ? *loaded.lost : 0ULL,
                static_cast<unsigned long long>(info.recursion_misses));
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    const std::string_view wanted = argc == 2 ? argv[1] : "";
    for (const auto& program : programs) {
        if (program.name != wanted)
            continue;
        std::signal(SIGINT, [](int) { stopped = 1; });
        std::signal(SIGTERM, [](int) { stopped = 1; });
        const auto loaded = program.load();
        if (loaded.program)
            return run(loaded);
        std::fprintf(stderr, "reference: %s: cannot load or attach: %s (root is needed)\n", argv[1],
                     std::strerror(errno));
        return 1;
    }
    std::fputs("usage: reference empty|lru|sk_storage\n", stderr);
    return 2;
}
