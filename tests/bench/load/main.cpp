// Makes and closes TCP connections, to measure tracers: connections per second, and their CPU cost.
#include <cmath>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <new>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "netns.h"
#include "options.h"
#include "worker.h"

namespace {

using namespace load;

constexpr std::uint16_t first_port = 700; // below the client's range, so that no client takes it

double now_seconds() {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

std::uint64_t sum(const Counter (&counters)[64]) {
    std::uint64_t total = 0;
    for (const auto& counter : counters)
        total += counter.value.load(std::memory_order_relaxed);
    return total;
}

struct Crew {
    std::vector<Seat> seats;
    std::vector<pid_t> clients;
    std::vector<pid_t> servers;
};

template <typename Run>
pid_t start(Run run) {
    const pid_t pid = fork();
    if (pid == 0)
        run();
    return pid;
}

bool start_crew(const Options& options, Shared& shared, Crew& crew) {
    for (std::uint32_t i = 0; i < options.workers; ++i) {
        const auto port = static_cast<std::uint16_t>(first_port + i);
        // Shares whose sum is the whole, regardless of the division's remainder.
        const auto share = [&](std::uint64_t all) {
            return all * (i + 1) / options.workers - all * i / options.workers;
        };
        crew.seats.push_back({i, open_listener(port), port, share(options.count),
                              static_cast<std::uint32_t>(share(options.processes))});
        if (crew.seats.back().listener < 0)
            return false;
    }
    for (const auto& seat : crew.seats) {
        crew.servers.push_back(start([&] { run_server(options, seat, shared); }));
        crew.clients.push_back(start([&] { run_client(options, seat, shared); }));
    }
    while (shared.ready.load() < 2 * options.workers)
        usleep(200);
    return true;
}

bool any_running(std::vector<pid_t>& pids) {
    for (auto& pid : pids)
        if (pid > 0 && waitpid(pid, nullptr, WNOHANG) == pid)
            pid = 0;
    for (const pid_t pid : pids)
        if (pid > 0)
            return true;
    return false;
}

struct Measured {
    double seconds = 0;
    std::uint64_t closes = 0;
};

/// Runs until the count is done or the time is over. A bounded count is measured from its start,
/// because the warm-up could use it up.
Measured measure(const Options& options, Shared& shared, Crew& crew) {
    shared.go.store(true, std::memory_order_release);
    if (options.count == 0)
        usleep(static_cast<useconds_t>(options.warmup_seconds * 1e6));
    const double begin = now_seconds();
    const std::uint64_t closes_before = options.count ? 0 : sum(shared.closed);
    while (any_running(crew.clients) && now_seconds() - begin < options.seconds)
        usleep(2000);
    Measured measured{now_seconds() - begin, sum(shared.closed) - closes_before};
    shared.stop.store(true);
    while (any_running(crew.clients))
        usleep(1000);
    const double patience_until = now_seconds() + 2;
    while (sum(shared.served) < sum(shared.closed) && now_seconds() < patience_until)
        usleep(1000);
    for (const auto& seat : crew.seats)
        shutdown(seat.listener, SHUT_RDWR);
    while (any_running(crew.servers))
        usleep(1000);
    return measured;
}

double cpu_seconds_of_children() {
    rusage usage{};
    getrusage(RUSAGE_CHILDREN, &usage);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void print(const Measured& measured, Shared& shared) {
    const auto counters = read_kernel_counters();
    const std::uint64_t total = sum(shared.closed);
    std::printf("{\"closes_per_s\": %.1f, \"seconds\": %.3f, \"closes\": %llu, \"total\": %llu, "
                "\"cpu_us_per_close\": %.4f, \"errors\": %llu, \"kernel_tw\": %llu, "
                "\"tw_overflow\": %llu, \"listen_drops\": %llu, \"pid\": %d}\n",
                static_cast<double>(measured.closes) / measured.seconds, measured.seconds,
                static_cast<unsigned long long>(measured.closes),
                static_cast<unsigned long long>(total),
                total ? cpu_seconds_of_children() * 1e6 / static_cast<double>(total) : NAN,
                static_cast<unsigned long long>(shared.errors.load()),
                static_cast<unsigned long long>(counters.time_wait),
                static_cast<unsigned long long>(counters.overflow),
                static_cast<unsigned long long>(counters.listen_drops), getpid());
    std::fflush(stdout);
}

void hold(double seconds) {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    const double until = now_seconds() + seconds;
    for (double left = seconds; left > 0; left = until - now_seconds()) {
        char byte = 0;
        if (poll(&input, 1, static_cast<int>(left * 1e3) + 1) > 0 &&
            read(STDIN_FILENO, &byte, 1) <= 0)
            return;
    }
}

} // namespace

int main(int argc, char** argv) {
    bool help = false;
    const auto options = parse_options(argc, argv, help);
    if (!options)
        return help ? 0 : 2;
    if (!enter_fresh_namespace())
        return 1;
    void* memory =
        mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        std::perror("load: mmap");
        return 1;
    }
    auto& shared = *new (memory) Shared;
    Crew crew;
    if (!start_crew(*options, shared, crew))
        return 1;
    const auto measured = measure(*options, shared, crew);
    print(measured, shared);
    if (options->hold_seconds > 0)
        hold(options->hold_seconds);
    return shared.errors.load() == 0 ? 0 : 1;
}
