// The status line shows whether there is a problem, and never hides one.
#include "catch2.h"

#include "scene.h"

using namespace twtrace;
using namespace twtrace::test;

namespace {

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

// No TIME_WAIT was taken over: the kernel has as many as entered, or more.
Surroundings nothing_gone() {
    Surroundings around = surroundings();
    around.namespaces[1].present = 40'000;
    return around;
}

Verdict verdict_of(const Flows& flows, const Surroundings& around = nothing_gone()) {
    return make_picture(flows, Inherited(scene_start), around, GroupBy::Process).verdict;
}

Flows closing(Event event, std::uint32_t rate) {
    Flows flows(scene_start);
    for (std::uint64_t at = 0; at < 30; ++at)
        flows.add(event, scene_start + at * second, rate);
    flows.age(scene_start + 30 * second - 1);
    return flows;
}

} // namespace

TEST_CASE("top verdict: no warning for a rate that the ports can sustain") {
    const Verdict verdict = verdict_of(closing(proxy_close(), 100));
    CHECK(verdict.level == Level::Fine);
    CHECK(verdict.text == "100.0 entries/s, ports at most 11 % taken: nothing to do");
    CHECK(verdict.advice ==
          "nginx.service (1234) closes its own connections to 10.0.0.5:5432, half "
          "of them within 1.5ms: keep-alive or a connection pool would reduce this");
}

TEST_CASE("top verdict: ports that will be used up, and when") {
    const Verdict verdict = verdict_of(closing(proxy_close(), 500));
    CHECK(verdict.level == Level::Problem);
    CHECK(verdict.text == "towards 10.0.0.5:5432 53 % of the ports are taken, at this rate used up "
                          "in 26 s: run twtrace doctor");
}

TEST_CASE("top verdict: near the end but steady") {
    Flows flows(scene_start);
    for (std::uint64_t at = 0; at < 60; ++at)
        flows.add(proxy_close(), scene_start + at * second, 400);
    flows.age(scene_start + 60 * second - 1);
    const Verdict verdict = verdict_of(flows);
    CHECK(verdict.level == Level::Watch);
    CHECK(contains(verdict.text, "85 % of the ports are taken: at this rate they do not run out, "
                                 "but connect() has to search"));
}

TEST_CASE("top verdict: all ports taken, and connects that fail") {
    Flows flows = closing(proxy_close(), 1000);
    CHECK(contains(verdict_of(flows).text, "all ports are taken, new connections will fail"));
    Event failed = proxy_close();
    failed.type = EventType::PortExhausted;
    flows.add(failed, flows.now_ns(), 12);
    const Verdict verdict = verdict_of(flows);
    CHECK(verdict.level == Level::Problem);
    CHECK(verdict.text ==
          "connect() towards 10.0.0.5:5432 finds no free port: 12 failed in the last "
          "10 s, mainly of nginx.service (1234): run twtrace doctor");
    CHECK(contains(verdict.advice, "nginx.service (1234)"));
}

TEST_CASE("top verdict: ports that connect() may take over are no finding") {
    Event loopback = proxy_close();
    loopback.remote = address("127.0.0.1");
    const Verdict verdict = verdict_of(closing(loopback, 1000));
    CHECK(verdict.level == Level::Fine);
    CHECK(contains(verdict.text, "reusable by connect() (tcp_tw_reuse): nothing to do"));
}

TEST_CASE("top verdict: the limit of TIME_WAIT sockets is near, or reached") {
    Surroundings around = surroundings();
    around.namespaces[1].limit = 13'000;
    const Flows flows = closing(proxy_close(), 100);
    CHECK(verdict_of(flows, around).level == Level::Watch);
    around.namespaces[1].limit = 11'900;
    const Verdict verdict = verdict_of(flows, around);
    CHECK(verdict.level == Level::Problem);
    CHECK(contains(verdict.text, "11,900 of 11,900 TIME_WAIT sockets in host"));
    CHECK(contains(verdict.text, "tcp_max_tw_buckets"));
}

TEST_CASE("top verdict: a server takes no port, and gets a server's remedy") {
    const Verdict verdict = verdict_of(closing(server_close(), 1000));
    CHECK(verdict.level == Level::Fine);
    CHECK(verdict.text == "1000 entries/s, none of them takes a port: nothing to do");
    CHECK(contains(verdict.advice, "closes on its clients first, port 443"));
}

TEST_CASE("top verdict: lost details are reported") {
    Surroundings around = surroundings();
    around.accounting.lost = 7;
    CHECK(
        contains(verdict_of(closing(proxy_close(), 100), around).text, "7 events without details"));
}

TEST_CASE("top picture: entries without a socket are dropped, sockets without an entry are older") {
    const Flows flows = closing(proxy_close(), 1000);
    Surroundings around = surroundings();
    around.namespaces = {{client_v4().netns, "host", 15'000, 131'072}};
    Picture picture = make_picture(flows, Inherited(scene_start), around, GroupBy::Process);
    CHECK(picture.groups.front().present == Approx(15'000));
    CHECK(picture.unattributed == Approx(0));
    around.namespaces[0].present = 40'000;
    picture = make_picture(flows, Inherited(scene_start), around, GroupBy::Process);
    CHECK(picture.groups.front().present == Approx(30'000));
    CHECK(picture.unattributed == Approx(10'000));
    around.namespaces[0].present.reset();
    picture = make_picture(flows, Inherited(scene_start), around, GroupBy::Process);
    CHECK_FALSE(picture.present);
    CHECK(picture.groups.front().present == Approx(30'000));
}
