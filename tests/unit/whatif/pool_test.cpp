#include "catch2.h"

#include "whatif/pool.h"

using namespace twtrace::whatif;

namespace {

constexpr std::uint64_t ms = 1'000'000;

// Bursts of connections: at_once at a time.
std::vector<Connection> bursts(std::uint64_t at_once, std::uint64_t times, std::uint64_t every_ms,
                               std::uint64_t long_ms) {
    std::vector<Connection> all;
    for (std::uint64_t time = 0; time < times; ++time)
        for (std::uint64_t one = 0; one < at_once; ++one)
            all.push_back({time * every_ms * ms, (time * every_ms + long_ms) * ms});
    return all;
}

} // namespace

TEST_CASE("pool: one client after the other needs one connection", "[whatif]") {
    const Timeline timeline(bursts(1, 100, 10, 5));
    const PoolResult result = timeline.play({1, 60'000 * ms});
    CHECK(result.opened == 1);
    CHECK(result.reused == 99);
    CHECK(result.closed() == 0);
    CHECK(timeline.max_open() == 1);
}

TEST_CASE("pool: connections beyond its size are closed", "[whatif]") {
    const Timeline timeline(bursts(8, 10, 100, 5));
    CHECK(timeline.max_open() == 8);
    const PoolResult small = timeline.play({2, 60'000 * ms});
    CHECK(small.full == 6 * 10); // each burst returns two
    CHECK(small.opened == 8 + 6 * 9);
    CHECK(small.reused == 2 * 9);
    const PoolResult large = timeline.play({8, 60'000 * ms});
    CHECK(large.closed() == 0);
    CHECK(large.opened == 8);
    CHECK(large.max_open == 8);
}

TEST_CASE("pool: connections that are idle for too long are closed", "[whatif]") {
    const Timeline timeline(bursts(1, 10, 1000, 5));
    const PoolResult result = timeline.play({4, 500 * ms});
    CHECK(result.expired == 9);
    CHECK(result.opened == 10);
    CHECK(result.reused == 0);
}

TEST_CASE("pool: the connection that was used last is used first", "[whatif]") {
    // A burst of four, then one at a time: three of the four expire, the fourth does not.
    auto connections = bursts(4, 1, 1, 1);
    for (const Connection& one : bursts(1, 20, 100, 5))
        connections.push_back({one.open_ns + 10 * ms, one.close_ns + 10 * ms});
    const PoolResult result = Timeline(connections).play({4, 500 * ms});
    CHECK(result.expired == 3);
    CHECK(result.opened == 4);
}

TEST_CASE("pool: a connection that closes can be used at the same moment", "[whatif]") {
    const Timeline timeline({{0, 10 * ms}, {10 * ms, 20 * ms}});
    CHECK(timeline.play({1, 1000 * ms}).opened == 1);
}

TEST_CASE("pool: one for each process, closed when the process ends", "[whatif]") {
    std::vector<Connection> all;
    for (std::uint32_t process = 1; process <= 100; ++process)
        for (std::uint64_t time = 0; time < 3; ++time) {
            const std::uint64_t at_ns = (process * 100 + time * 10) * ms;
            all.push_back({at_ns, at_ns + 5 * ms, process});
        }
    const Timeline timeline(all);
    CHECK(timeline.some_process_made_several());
    const PoolResult result = timeline.play({8, 60'000 * ms});
    CHECK(result.opened == 100);
    CHECK(result.reused == 200);
    CHECK(result.ended == 89); // whether those of the last second have ended is not known
    CHECK(result.max_open <= 11);
}

TEST_CASE("pool: a connection that the peer closed is not used again", "[whatif]") {
    std::vector<Connection> all = bursts(1, 10, 100, 5);
    for (Connection& one : all)
        one.is_lost = true;
    const PoolResult result = Timeline(all).play({8, 60'000 * ms});
    CHECK(result.opened == 10);
    CHECK(result.closed() == 0);
    CHECK(result.max_open == 1);
}
