#include "attribute/host_services.h"

#include "catch2.h"
#include "events.h"

using namespace twtrace;
using test::address;

namespace {

TcpSocket listener(const char* local, std::uint16_t port, std::uint32_t inode) {
    TcpSocket socket;
    socket.local = address(local);
    socket.local_port = port;
    socket.inode = inode;
    return socket;
}

Event towards(std::uint32_t netns, Role role, const char* remote, std::uint16_t port) {
    Event event = test::client_v4();
    event.netns = netns;
    event.role = role;
    event.local = address("10.0.0.1");
    event.remote = address(remote);
    event.remote_port = port;
    return event;
}

/// The host (1), a container with redis (2), two namespaces with the same address (3, 4).
HostServices host() {
    HostServices services;
    HostServices::Space own;
    own.addresses = {address("10.0.0.1"), address("10.88.0.1")};
    own.listeners.add(listener("127.0.0.1", 9000, 11));
    own.listeners.add(listener("0.0.0.0", 80, 12));
    own.listeners.add(listener("0.0.0.0", 81, 13));
    own.services = {{11, "php-fpm"}, {12, "nginx.service"}};
    services.add(1, std::move(own));
    HostServices::Space redis;
    redis.addresses = {address("10.88.0.5")};
    redis.listeners.add(listener("0.0.0.0", 6379, 21));
    redis.services = {{21, "cache"}};
    redis.owner = "cache";
    services.add(2, std::move(redis));
    for (const std::uint32_t netns : {3U, 4U}) {
        HostServices::Space twin;
        twin.addresses = {address("10.0.2.100")};
        twin.owner = "twin";
        services.add(netns, std::move(twin));
    }
    return services;
}

} // namespace

TEST_CASE("other end: the listener in the namespace that has the address", "[attribute]") {
    const HostServices services = host();
    CHECK(services.find(towards(1, Role::Client, "127.0.0.1", 9000)) == "php-fpm");
    CHECK(services.find(towards(1, Role::Client, "10.0.0.1", 80)) == "nginx.service");
    CHECK(services.find(towards(1, Role::Client, "10.88.0.5", 6379)) == "cache");
    CHECK(services.find(towards(2, Role::Client, "10.88.0.1", 80)) == "nginx.service");
    // Each namespace has its own loopback.
    CHECK(services.find(towards(2, Role::Client, "127.0.0.1", 9000)).empty());
    CHECK(services.find(towards(2, Role::Client, "127.0.0.1", 6379)) == "cache");
}

TEST_CASE("other end: a peer that connected is named by the container of its namespace",
          "[attribute]") {
    const HostServices services = host();
    CHECK(services.find(towards(1, Role::Server, "10.88.0.5", 45678)) == "cache");
    CHECK(services.find(towards(2, Role::Server, "10.88.0.1", 45678)).empty()); // the host
    CHECK(services.find(towards(1, Role::Server, "127.0.0.1", 9000)).empty());
    // The listener is unknown, the container is known.
    CHECK(services.find(towards(1, Role::Client, "10.88.0.5", 1)) == "cache");
}

TEST_CASE("other end: unknown for peers on other hosts, and if several match", "[attribute]") {
    const HostServices services = host();
    CHECK(services.find(towards(1, Role::Client, "192.0.2.1", 80)).empty());
    CHECK(services.find(towards(1, Role::Client, "10.0.2.100", 80)).empty());
    CHECK(services.find(towards(1, Role::Client, "127.0.0.1", 81)).empty()); // no such socket
    CHECK(services.find(towards(99, Role::Client, "127.0.0.1", 80)).empty());
    CHECK(services.find(test::unknown_closer()).empty());
    CHECK(services.knows(1));
    CHECK_FALSE(services.knows(99));
}

TEST_CASE("other end: results are handed over with a rising version", "[attribute]") {
    HostServicesBox box;
    CHECK(box.version() == 0);
    CHECK(box.get() == nullptr);
    box.put(std::make_shared<HostServices>(host()));
    CHECK(box.version() == 1);
    CHECK(box.get() != nullptr);
    CHECK_FALSE(box.take_request());
    box.request();
    CHECK(box.take_request());
    CHECK_FALSE(box.take_request());
}
