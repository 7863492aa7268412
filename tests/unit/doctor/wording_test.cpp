#include "catch2.h"

#include "doctor/wording.h"
#include "scene.h"

using namespace twtrace;
using namespace twtrace::doctor;
using namespace twtrace::test;

TEST_CASE("doctor's wording: numbers") {
    CHECK(grouped(0) == "0");
    CHECK(grouped(999) == "999");
    CHECK(grouped(28'232) == "28,232");
    CHECK(grouped(1'000'000) == "1,000,000");
    CHECK(percent(0.5) == "50 %");
    CHECK(percent(0.9999) == "99.9 %"); // 100 % means all
    CHECK(percent(1) == "100 %");
    CHECK(per_second(1.54) == "1.5/s");
    CHECK(per_second(2363.6) == "2,364/s");
    CHECK(duration_text(0.000831) == "831 us");
    CHECK(duration_text(0.0021) == "2 ms");
    CHECK(duration_text(6.04) == "6.0 s");
    CHECK(duration_text(44.4) == "44 s");
    CHECK(duration_text(600) == "10 min");
}

TEST_CASE("doctor's wording: an address and its port") {
    CHECK(endpoint(address("10.0.0.1"), 80) == "10.0.0.1:80");
    CHECK(endpoint(address("::1"), 80) == "[::1]:80");
}

TEST_CASE("doctor's wording: processes that were not stored are named as a lower bound") {
    Flow flow;
    flow.service = "shop.service";
    flow.pid = 7;
    flow.time_wait = 1'000;
    std::size_t room = 2;
    flow.processes.add(7, 1, room);
    flow.processes.add(8, 1, room);
    CHECK(who(flow) == "shop.service (pid 7 and 1 more)");
    flow.processes.add(9, 1, room);
    CHECK(who(flow) == "shop.service (pid 7 and at least 2 more)");
}

TEST_CASE("doctor's wording: lists of ports are in the format that the kernel reads") {
    PortSet ports;
    CHECK(port_list(ports).empty());
    for (const int port : {1, 80, 8080, 8081, 8082, 65534, 65535})
        ports.insert(static_cast<std::uint16_t>(port));
    CHECK(port_list(ports) == "1,80,8080-8082,65534-65535");
    CHECK(parse_port_list(port_list(ports)) == ports);
}
