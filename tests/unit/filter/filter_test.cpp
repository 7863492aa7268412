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

TEST_CASE("filter: without a condition everything passes") {
    CHECK(Filter{}.passes(client_v4()));
    CHECK(Filter{}.passes(longest_v6()));
    CHECK(Filter{}.passes(unknown_closer()));
}

TEST_CASE("filter: by pid") {
    Filter filter;
    filter.pids = {1, 1234};
    CHECK(filter.passes(client_v4()));
    filter.pids = {1, 1235}; // 1235 is the thread's id, not the process's
    CHECK_FALSE(filter.passes(client_v4()));
    CHECK_FALSE(filter.passes(unknown_closer()));
}

TEST_CASE("filter: by name, whole and case-sensitive") {
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

TEST_CASE("filter: by the closer's port and by the peer's port") {
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

TEST_CASE("filter: all conditions must match") {
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

TEST_CASE("filter: by address range, of the peer and of this side") {
    Filter filter;
    filter.remote_cidrs = {{address("192.0.2.0"), 24}, {address("10.0.0.0"), 8}};
    CHECK(filter.passes(client_v4()));
    CHECK_FALSE(filter.passes(longest_v6()));
    filter.remote_cidrs = {{address("127.0.0.0"), 8}}; // that is the local address
    CHECK_FALSE(filter.passes(client_v4()));
    filter.remote_cidrs = {};
    filter.local_cidrs = {{address("127.0.0.0"), 8}};
    CHECK(filter.passes(client_v4()));
    filter.local_cidrs = {{address("10.0.0.0"), 8}};
    CHECK_FALSE(filter.passes(client_v4()));
}

TEST_CASE("filter: by role; an unknown role matches neither") {
    Filter filter;
    filter.role = Role::Client;
    CHECK(filter.passes(client_v4()));
    CHECK_FALSE(filter.passes(longest_v6()));
    CHECK_FALSE(filter.passes(unknown_closer()));
    filter.role = Role::Server;
    CHECK_FALSE(filter.passes(client_v4()));
    CHECK(filter.passes(longest_v6()));
}

TEST_CASE("filter: by unit, with or without its suffix, by pattern") {
    Filter filter;
    for (const char* unit : {"nginx", "nginx.service", "ngin?", "ng*"}) {
        filter.units = {"other", unit};
        CAPTURE(unit);
        CHECK(filter.passes(client_v4()));
        CHECK_FALSE(filter.passes(unknown_closer()));
    }
    for (const char* unit : {"ngin", "nginx.servic", "inx.service", "nginx.service.service", "?"}) {
        filter.units = {unit};
        CAPTURE(unit);
        CHECK_FALSE(filter.passes(client_v4()));
    }
    Event event = client_v4();
    const Owner escaped{"", "dev-disk\\x2dby.service", "", ""};
    event.owner = &escaped;
    filter.units = {"dev-disk\\x2dby"};
    CHECK(filter.passes(event));
}

TEST_CASE("filter: by the beginning of a container's id") {
    Filter filter;
    filter.containers = {"0123"};
    CHECK(filter.passes(longest_v6()));
    CHECK_FALSE(filter.passes(client_v4())); // not in a container
    filter.containers = {"123"};
    CHECK_FALSE(filter.passes(longest_v6()));
}

TEST_CASE("filter: by cgroup, descendants included") {
    Filter filter;
    for (const char* path : {"/system.slice", "/system.slice/nginx.service", "/"}) {
        filter.cgroups = {path};
        CAPTURE(path);
        CHECK(filter.passes(client_v4()));
    }
    for (const char* path : {"/system", "/system.slice/nginx", "/system.slice/nginx.service/x"}) {
        filter.cgroups = {path};
        CAPTURE(path);
        CHECK_FALSE(filter.passes(client_v4()));
    }
    filter.cgroups = {"/"};
    CHECK_FALSE(filter.passes(unknown_closer()));
}

TEST_CASE("filter: only the names of a counted event are compared") {
    Filter filter;
    filter.units = {"nginx"};
    filter.local_ports = ports({1});
    CHECK(filter.passes_owner(client_v4()));
    filter.units = {"haproxy"};
    CHECK_FALSE(filter.passes_owner(client_v4()));
}

TEST_CASE("filter: each condition except a namespace excludes events") {
    CHECK_FALSE(Filter{}.is_partial());
    Filter scope;
    scope.netns = {1};
    CHECK_FALSE(scope.is_partial());
    std::vector<Filter> filters(11);
    filters[0].pids = {1};
    filters[1].comm = "nginx";
    filters[2].local_ports = ports({1});
    filters[3].remote_ports = ports({1});
    filters[4].family = 6;
    filters[5].local_cidrs = {{address("10.0.0.0"), 8}};
    filters[6].remote_cidrs = {{address("10.0.0.0"), 8}};
    filters[7].role = Role::Client;
    filters[8].units = {"nginx"};
    filters[9].containers = {"0a"};
    filters[10].cgroups = {"/a"};
    for (const Filter& filter : filters)
        CHECK(filter.is_partial());
}

TEST_CASE("filter: containers and pods by name, pattern or workload") {
    Event event = client_v4();
    Owner owner = *event.owner;
    owner.container = "62f70fb04b4d";
    owner.container_name = "web-proxy-1";
    owner.pod = "checkout-7d9f8c6b5-x2x4z";
    owner.pod_namespace = "shop";
    owner.workload = "checkout";
    event.owner = &owner;
    const auto container = [&](const char* pattern) {
        Filter filter;
        filter.containers = {pattern};
        CHECK(filter.is_partial());
        return filter.passes(event);
    };
    for (const char* pattern : {"62f7", "62f70fb04b4d7a5c7e3a", "web-proxy-1", "web-*"})
        CHECK(container(pattern));
    for (const char* pattern : {"2f70", "web", "proxy", "62f70fb04b4e"})
        CHECK_FALSE(container(pattern));
    const auto pod = [&](const char* space, const char* name) {
        Filter filter;
        filter.pods = {{space, name}};
        CHECK(filter.is_partial());
        return filter.passes(event);
    };
    CHECK(pod("shop", "checkout-7d9f8c6b5-x2x4z"));
    CHECK(pod("shop", "checkout"));
    CHECK(pod("", "check*"));
    CHECK(pod("s*", "checkout-*"));
    CHECK_FALSE(pod("shop2", "checkout"));
    CHECK_FALSE(pod("shop", "check"));
    Filter spaces;
    spaces.pod_namespaces = {"other", "shop"};
    CHECK(spaces.is_partial());
    CHECK(spaces.passes(event));
    CHECK_FALSE(spaces.passes(client_v4()));
    owner.pod = owner.pod_namespace = owner.workload = owner.container_name = "";
    CHECK_FALSE(pod("", "*"));
    CHECK_FALSE(container("web*"));
    CHECK_FALSE(spaces.passes(event));
}
