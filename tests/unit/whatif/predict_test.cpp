#include "catch2.h"

#include <algorithm>

#include "events.h"
#include "whatif/predict.h"

using namespace twtrace;
using namespace twtrace::whatif;
using test::address;

namespace {

NetSettings default_settings() {
    NetSettings settings;
    settings.ephemeral = {32768, 60999};
    settings.tw_reuse = 2;
    settings.tw_reuse_delay_ms = 1000;
    settings.timestamps = 1;
    return settings;
}

Event close_of(Role role, std::uint64_t open_ms, std::uint64_t close_ms, const char* remote) {
    Event event = test::client_v4();
    event.role = role;
    event.local = address("10.0.0.1");
    event.remote = address(remote);
    event.remote_port = role == Role::Client ? 8080 : 50000;
    event.local_port = role == Role::Client ? 50000 : 80;
    event.established_ns = (1000 + open_ms) * 1'000'000;
    event.fin_wait1_ns = (1000 + close_ms) * 1'000'000;
    event.time_ns = event.fin_wait1_ns + 1000;
    return event;
}

// 1,000 connections a second for ten seconds, one after the other, half a millisecond each.
ConnectionLog busy_client() {
    ConnectionLog log;
    for (std::uint64_t at = 0; at < 10'000; ++at) {
        Event event = close_of(Role::Client, at, at, "10.0.0.2");
        event.fin_wait1_ns += 500'000;
        log.add(event);
    }
    return log;
}

const Remedy& remedy(const Prediction& prediction, std::string_view id) {
    const auto found = std::find_if(prediction.remedies.begin(), prediction.remedies.end(),
                                    [&](const Remedy& one) { return one.id == id; });
    REQUIRE(found != prediction.remedies.end());
    return *found;
}

Prediction predict_first(const ConnectionLog& log, const NetSettings& settings,
                         const Question& question) {
    REQUIRE(log.flows().size() == 1);
    const auto& [id, flow] = *log.flows().begin();
    return predict(id, flow, &settings, question);
}

} // namespace

TEST_CASE("what-if: a client's peer has the name of the service there, where an event has it") {
    ConnectionLog log;
    Event event = close_of(Role::Client, 0, 1, "10.0.0.2");
    log.add(event);
    event.remote_service = "php-fpm";
    log.add(event);
    event.remote_service = {};
    log.add(event);
    CHECK(predict_first(log, default_settings(), {1, 1}).remote_service == "php-fpm");
}

TEST_CASE("what-if: a client that opens a connection for each request", "[whatif]") {
    const NetSettings settings = default_settings();
    const Prediction prediction = predict_first(busy_client(), settings, {10, 10});
    CHECK(prediction.today.closes_per_s == Approx(1000));
    // 28,232 ports, a minute each: used up after 28 s.
    CHECK(*prediction.today.port_share == Approx(1.0));
    CHECK(*prediction.today.run_out_s == Approx(28.2).epsilon(0.01));

    const Remedy& pool = remedy(prediction, "pool");
    CHECK(prediction.remedies.front().id == "pool"); // it has the largest gain
    CHECK(pool.pool->idle_connections == 1);
    CHECK(pool.effect.closes_per_s == Approx(0));
    CHECK(pool.effect.ports == Approx(1));
    CHECK(pool.effect.handshakes_saved_per_s == Approx(999.9));

    const Remedy& reuse = remedy(prediction, "tw-reuse");
    CHECK(reuse.effect.closes_per_s == Approx(1000));
    CHECK(*reuse.effect.port_share == Approx(1001.0 / 28232));
    CHECK_FALSE(reuse.effect.run_out_s);

    CHECK(*remedy(prediction, "port-range").effect.run_out_s == Approx(55.3).epsilon(0.01));
    CHECK(*remedy(prediction, "addresses").effect.run_out_s == Approx(56.5).epsilon(0.01));
    CHECK(remedy(prediction, "peer-closes-first").effect.closes_per_s == 0);
    CHECK_FALSE(remedy(prediction, "fin-timeout").helps);
    CHECK(remedy(prediction, "fin-timeout").caveat.find("no effect") == 0);
}

TEST_CASE("what-if: where tcp_tw_reuse already applies it is not offered", "[whatif]") {
    NetSettings settings = default_settings();
    settings.tw_reuse = 1;
    const Prediction prediction = predict_first(busy_client(), settings, {10, 10});
    CHECK(std::none_of(prediction.remedies.begin(), prediction.remedies.end(),
                       [](const Remedy& one) { return one.id == "tw-reuse"; }));
    CHECK(*prediction.today.port_share == Approx(1001.0 / 28232));
}

TEST_CASE("what-if: one setting can be selected", "[whatif]") {
    ConnectionLog log;
    for (std::uint64_t at = 0; at < 100; ++at)
        for (int at_once = 0; at_once < 8; ++at_once)
            log.add(close_of(Role::Client, at * 100, at * 100 + 5, "10.0.0.2"));
    Question question{10, 10};
    question.pool = Pool{2, 60'000'000'000};
    const Prediction asked = predict_first(log, default_settings(), question);
    CHECK(remedy(asked, "pool").effect.closes_per_s == Approx(60));
    const Prediction best = predict_first(log, default_settings(), {10, 10});
    CHECK(remedy(best, "pool").pool->idle_connections == 8);
}

TEST_CASE("what-if: the suggested pool leaves enough ports", "[whatif]") {
    // For ten seconds: 2,000 connections a second, one after the other, and once a second 150 at
    // the same time.
    ConnectionLog log;
    for (std::uint64_t second = 0; second < 10; ++second) {
        for (std::uint64_t number = 0; number < 150; ++number)
            log.add(close_of(Role::Client, second * 1000, second * 1000 + 10, "10.0.0.2"));
        for (std::uint64_t number = 0; number < 400; ++number)
            for (int times = 0; times < 5; ++times)
                log.add(close_of(Role::Client, second * 1000 + 20 + 2 * number,
                                 second * 1000 + 21 + 2 * number, "10.0.0.2"));
    }
    const auto pool_with = [&](std::uint16_t ports) {
        NetSettings settings = default_settings();
        settings.ephemeral = {40'000, static_cast<std::uint16_t>(39'999 + ports)};
        return remedy(predict_first(log, settings, {10, 10}), "pool");
    };
    // Eight idle connections save nine tenths of the handshakes; 142 closes a second remain.
    CHECK(pool_with(20'000).pool->idle_connections == 8);
    CHECK_FALSE(pool_with(20'000).effect.run_out_s);
    // 142 closes a second hold 8,520 ports.
    CHECK(pool_with(1000).pool->idle_connections == 256);
    CHECK_FALSE(pool_with(1000).effect.run_out_s);
}

TEST_CASE("what-if: a server's closes that the client answered with a new connection", "[whatif]") {
    ConnectionLog log;
    // One client returns after a second, nine times; ten others never do.
    for (std::uint64_t time = 0; time < 10; ++time)
        log.add(close_of(Role::Server, time * 1000, time * 1000 + 5, "10.0.0.2"));
    for (int number = 0; number < 10; ++number)
        log.add(close_of(Role::Server, 100, 200, ("10.0.1." + std::to_string(number)).c_str()));
    Question question{10, 10};
    question.pool = Pool{1, 2'000'000'000};
    const Prediction prediction = predict_first(log, default_settings(), question);
    CHECK(prediction.today.closes_per_s == Approx(2));
    CHECK_FALSE(prediction.today.port_share); // no ephemeral port is taken
    CHECK(remedy(prediction, "keepalive-timeout").effect.closes_per_s ==
          Approx(2 * 10 / 19.0)); // the last one is not known yet
    question.pool = Pool{1, 500'000'000};
    CHECK(remedy(predict_first(log, default_settings(), question), "keepalive-timeout")
              .effect.closes_per_s == Approx(2));
}

TEST_CASE("what-if: memory is bounded, and the events that the prediction uses are named",
          "[whatif]") {
    ConnectionLog log(100);
    for (std::uint64_t at = 0; at < 1000; ++at)
        log.add(close_of(Role::Client, at, at, "10.0.0.2"));
    CHECK(log.flows().begin()->second.connections.size() == 100);
    CHECK(log.flows().begin()->second.time_wait == 1000);
    CHECK(log.kept_until_ns() == 1'100'001'000);
}

TEST_CASE("what-if: processes that make one connection each can't keep it", "[whatif]") {
    ConnectionLog log;
    for (std::uint32_t at = 0; at < 1000; ++at) {
        Event event = close_of(Role::Client, at * 10, at * 10 + 1, "10.0.0.2");
        event.task.pid = 1000 + at;
        log.add(event);
    }
    const Prediction prediction = predict_first(log, default_settings(), {10, 10});
    CHECK_FALSE(remedy(prediction, "pool").helps);
    CHECK(remedy(prediction, "pool").caveat == "no effect here: each process makes one connection");
}

TEST_CASE("what-if: tcp_tw_reuse takes over only connections with timestamps", "[whatif]") {
    const auto share_with = [](std::uint64_t every) {
        ConnectionLog log;
        for (std::uint64_t at = 0; at < 4000; ++at) {
            Event event = close_of(Role::Client, at * 10, at * 10 + 1, "10.0.0.2");
            event.timestamps = at % every != 0;
            log.add(event);
        }
        return predict_first(log, default_settings(), {40, 40});
    };
    const Prediction half = share_with(2);
    CHECK(remedy(half, "tw-reuse").helps);
    CHECK(remedy(half, "tw-reuse").effect.ports == Approx(1 + 100 * (0.5 * 1 + 0.5 * 60)));
    CHECK(remedy(half, "tw-reuse").caveat.find("50 % of these connections") == 0);
    const Prediction none = share_with(1);
    CHECK_FALSE(remedy(none, "tw-reuse").helps);
    CHECK(remedy(none, "tw-reuse").effect.ports ==
          Approx(remedy(none, "fin-timeout").effect.ports));
}

TEST_CASE("what-if: the wider range is the one that the doctor proposes, less reserved ports",
          "[whatif]") {
    NetSettings settings = default_settings();
    settings.ephemeral = {40'000, 49'999};
    for (std::uint32_t port = 50'000; port < 60'999; ++port)
        settings.reserved.insert(static_cast<std::uint16_t>(port));
    const Prediction prediction = predict_first(busy_client(), settings, {10, 10});
    const Remedy& range = remedy(prediction, "port-range");
    CHECK(range.title == "ip_local_port_range 32768 60999");
    CHECK(*range.effect.run_out_s == Approx(17.2).epsilon(0.01)); // 17,233 ports
    settings.ephemeral = {1024, 65'535}; // it has more ports than any proposal
    const Prediction widest = predict_first(busy_client(), settings, {10, 10});
    CHECK(std::none_of(widest.remedies.begin(), widest.remedies.end(),
                       [](const Remedy& one) { return one.id == "port-range"; }));
}

TEST_CASE("what-if: more ports have no effect where ports are not scarce", "[whatif]") {
    ConnectionLog log;
    for (std::uint64_t at = 0; at < 10; ++at)
        log.add(close_of(Role::Client, at * 1000, at * 1000 + 1, "10.0.0.2"));
    const Prediction prediction = predict_first(log, default_settings(), {10, 10});
    for (const char* id : {"tw-reuse", "port-range", "addresses"})
        CHECK_FALSE(remedy(prediction, id).helps);
    CHECK(remedy(prediction, "pool").helps);
}

TEST_CASE("what-if: connects that found no port succeed where ports become free", "[whatif]") {
    NetSettings settings = default_settings();
    settings.ephemeral = {40000, 40999};
    ConnectionLog log; // 200/s for ten seconds; the ports are used up after five
    for (std::uint64_t at = 0; at < 2000; ++at) {
        Event event = close_of(Role::Client, at * 5, at * 5 + 1, "10.0.0.2");
        event.type = at < 1000 ? EventType::TimeWait : EventType::PortExhausted;
        log.add(event);
    }
    const Prediction prediction = predict_first(log, settings, {10, 10});
    CHECK(prediction.today.failed_connects == 1000);
    const Effect& reuse = remedy(prediction, "tw-reuse").effect;
    CHECK(reuse.closes_per_s == Approx(200));
    CHECK(reuse.ports == Approx(201));
    CHECK(reuse.failed_connects == 0);
    // Twice as many ports allow 2,000 connections a minute.
    CHECK(remedy(prediction, "addresses").effect.closes_per_s == Approx(2000 / 60.0));
}
