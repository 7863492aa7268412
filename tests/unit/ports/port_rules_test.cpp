#include "ports/port_rules.h"

#include "account/namespace_watch.h"
#include "catch2.h"
#include "events.h"

using namespace twtrace;

TEST_CASE("port rules: those of a new namespace do not depend on this host", "[ports]") {
    const PortRules rules = port_rules_of(*NamespaceWatch().usual_settings());
    CHECK(rules.usable == 28'232);
    CHECK(rules.usable == default_port_rules().usable);
    const Address loopback = test::address("127.0.0.1");
    const Address here = test::address("10.0.0.1");
    CHECK(rules.reuse_after(loopback, loopback) == 1.0);
    CHECK_FALSE(rules.reuse_after(here, test::address("10.0.0.2")));
}
