#include "attribute/port_roles.h"

#include "catch2.h"

using namespace twtrace;

TEST_CASE("port roles: a server's port has many remote ports, in any range") {
    PortRoles roles;
    for (std::uint16_t index = 0; index < 50; ++index) {
        roles.add(45'000, static_cast<std::uint16_t>(50'000 + index));  // a server
        roles.add(static_cast<std::uint16_t>(33'000 + 2 * index), 443); // a client
    }
    CHECK(roles.is_servers(45'000, 50'007));
    CHECK_FALSE(roles.is_servers(33'000, 443));
    CHECK_FALSE(roles.is_servers(40'000, 443));
    roles.add(40'000, 80); // connect() used one port for two destinations
    roles.add(40'000, 81);
    CHECK_FALSE(roles.is_servers(40'000, 80));
}
