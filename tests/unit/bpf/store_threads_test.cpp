// The store with threads that compete for the ways of one bucket. A longer run:
// TWTRACE_STORE_OPERATIONS=1000000000 twtrace_unit_tests '[store-threads]'
#include <sched.h>

#include <atomic>
#include <cstdlib>
#include <random>
#include <thread>

#include "catch2.h"
#include "store_sockets.h"

using namespace twtrace::test;

namespace {

constexpr std::size_t threads = 4;
constexpr std::size_t sockets_a_thread = 4;

struct Result {
    std::uint64_t operations = 0;
    std::uint64_t ends = 0;
    std::uint64_t wrong_closer = 0;
    std::uint64_t wrong_opening = 0;
    std::uint64_t without_closer = 0;

    void operator+=(const Result& other) {
        operations += other.operations;
        ends += other.ends;
        wrong_closer += other.wrong_closer;
        wrong_opening += other.wrong_opening;
        without_closer += other.without_closer;
    }
};

// Yields in the middle of an access, which lengthens the race windows.
thread_local std::uint32_t accesses = 0;

void lose_the_processor_at_times() {
    if (++accesses % 4096 == 0)
        sched_yield();
}

// skipping: one transition in 64 is skipped, as when a softirq interrupts the program.
class Worker {
  public:
    Worker(std::uint32_t index, std::vector<native_sock> sockets, bool skipping)
        : random_(index), number_(index << 28), skipping_(skipping) {
        for (const native_sock& sock : sockets)
            connections_.emplace_back().sock = sock;
        stage_.resize(connections_.size());
    }

    Result run(std::uint64_t operations) {
        while (result_.operations < operations) {
            const std::size_t index = random_() % connections_.size();
            step(connections_[index], stage_[index]);
            result_.operations += 1;
        }
        return result_;
    }

  private:
    bool is_seen() { return !skipping_ || random_() % 64 != 0; }

    void step(Connection& one, int& stage) {
        if (stage == 0) {
            one.begin(++number_);
            if (is_seen())
                one.open();
        } else if (stage == 1) {
            if (is_seen())
                one.close();
        } else if (is_seen()) {
            check(one, one.finish(random_() % 4 == 0));
            if (random_() % 8 == 0)
                check_reset(one, native_reset(&one.sock));
        }
        stage = (stage + 1) % 3;
    }
    void check(const Connection& one, const native_end& end) {
        result_.ends += 1;
        result_.wrong_closer += one.is_closer_right(end) ? 0 : 1;
        result_.wrong_opening += one.is_opening_right(end) ? 0 : 1;
        result_.without_closer += end.how == TWTRACE_HOW_UNKNOWN ? 1 : 0;
    }
    void check_reset(const Connection& one, const native_end& end) {
        result_.wrong_closer += one.is_closer_right(end) ? 0 : 1;
    }

    std::minstd_rand random_;
    std::uint32_t number_;
    bool skipping_;
    std::vector<Connection> connections_;
    std::vector<int> stage_;
    Result result_;
};

Result run_threads(std::uint64_t operations, bool skipping) {
    native_clear();
    const auto sockets = competing_sockets(threads * sockets_a_thread, false);
    std::vector<Worker> workers;
    for (std::uint32_t index = 0; index < threads; ++index) {
        std::vector<native_sock> own;
        for (std::size_t at = index; at < sockets.size(); at += threads)
            own.push_back(sockets[at]);
        workers.emplace_back(index + 1, own, skipping);
    }
    native_before_access = lose_the_processor_at_times;
    std::vector<Result> results(threads);
    std::vector<std::thread> running;
    for (std::size_t index = 0; index < threads; ++index)
        running.emplace_back(
            [&, index] { results[index] = workers[index].run(operations / threads); });
    for (std::thread& thread : running)
        thread.join();
    native_before_access = nullptr;
    Result sum;
    for (const Result& result : results)
        sum += result;
    return sum;
}

std::uint64_t operations() {
    const char* wanted = std::getenv("TWTRACE_STORE_OPERATIONS");
    return wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 10'000'000;
}

void tell(const char* what, const Result& result) {
    const twtrace_stats counts = native_counts();
    WARN(what << ": " << result.operations << " operations, " << result.ends << " ends, "
              << result.wrong_closer << " wrong closers, " << result.wrong_opening
              << " wrong openings, " << result.without_closer << " without a closer, "
              << counts.mixed << " mixed, " << counts.untracked << " untracked");
}

} // namespace

TEST_CASE("threads that compete for one bucket never get another socket's closer or opening",
          "[store-threads]") {
    const Result result = run_threads(operations(), false);
    tell("every transition seen", result);
    CHECK(result.wrong_closer == 0);
    CHECK(result.wrong_opening == 0);
    CHECK(native_counts().untracked == 0);
}

TEST_CASE("threads with skipped transitions never get another socket's closer", "[store-threads]") {
    const Result result = run_threads(operations() / 4, true);
    tell("one in 64 skipped", result);
    CHECK(result.wrong_closer == 0);
    CHECK(native_counts().untracked == 0);
}
