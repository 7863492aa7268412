#include "catch2.h"

#include "events.h"
#include "filter/filter.h"

using namespace twtrace;
using namespace twtrace::test;

namespace {

PortSet ports(std::initializer_list<std::uint16_t> list) {
    PortSet set;
    for (const std::uint16_t port : list)
        set.insert(port);
    return set;
}

} // namespace

TEST_CASE("filter: without a wish everything passes") {
    CHECK(Filter{}.passes(client_v4()));
    CHECK(Filter{}.passes(longest_v6()));
    CHECK(Filter{}.passes(unknown_closer()));
}

TEST_CASE("filter: by pid") {
    Filter filter;
    filter.pids = {1, 1234};
    CHECK(filter.passes(client_v4()));
    filter.pids = {1, 1235}; // the thread's id is not the process's
    CHECK_FALSE(filter.passes(client_v4()));
    CHECK_FALSE(filter.passes(unknown_closer()));
}

TEST_CASE("filter: by name, whole and case by case") {
    Filter filter;
    filter.comm = "nginx";
    CHECK(filter.passes(client_v4()));
    CHECK_FALSE(filter.passes(unknown_closer()));
    for (const char* other : {"ngin", "nginx2", "Nginx", "apache"}) {
        filter.comm = other;
        CHECK_FALSE(filter.passes(client_v4()));
    }
    filter.comm = "fifteen-letters";
    CHECK(filter.passes(longest_v6()));
}

TEST_CASE("filter: by the closer's port and by the peer's, not one for the other") {
    Filter filter;
    filter.local_ports = ports({45678});
    CHECK(filter.passes(client_v4()));
    filter.local_ports = ports({8080});
    CHECK_FALSE(filter.passes(client_v4()));
    filter.local_ports = {};
    filter.remote_ports = ports({80, 8080});
    CHECK(filter.passes(client_v4()));
    filter.remote_ports = ports({45678});
    CHECK_FALSE(filter.passes(client_v4()));
}

TEST_CASE("filter: by family") {
    Filter filter;
    filter.family = 4;
    CHECK(filter.passes(client_v4()));
    CHECK_FALSE(filter.passes(longest_v6()));
    filter.family = 6;
    CHECK_FALSE(filter.passes(client_v4()));
    CHECK(filter.passes(longest_v6()));
}

TEST_CASE("filter: by network namespace") {
    Filter filter;
    filter.netns = {1, 4026531840U};
    CHECK(filter.passes(client_v4()));
    CHECK_FALSE(filter.passes(longest_v6()));
}

TEST_CASE("filter: wishes add up, one that fails is enough") {
    Filter filter;
    filter.pids = {1234};
    filter.comm = "nginx";
    filter.local_ports = ports({45678});
    filter.remote_ports = ports({8080});
    filter.family = 4;
    filter.netns = {4026531840U};
    CHECK(filter.passes(client_v4()));
    Event event = client_v4();
    event.remote_port = 8081;
    CHECK_FALSE(filter.passes(event));
}
