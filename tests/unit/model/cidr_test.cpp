#include "catch2.h"

#include "events.h"
#include "model/cidr.h"

using namespace twtrace;
using test::address;

TEST_CASE("cidr: compares exactly the given number of bits") {
    const Cidr range{address("10.1.128.0"), 17};
    CHECK(range.contains(address("10.1.128.0")));
    CHECK(range.contains(address("10.1.255.255")));
    CHECK_FALSE(range.contains(address("10.1.127.255")));
    CHECK_FALSE(range.contains(address("10.2.128.0")));
    const Cidr one{address("2001:db8::1"), 128};
    CHECK(one.contains(address("2001:db8::1")));
    CHECK_FALSE(one.contains(address("2001:db8::")));
}

TEST_CASE("cidr: nothing of the other family, not even in the widest one") {
    CHECK((Cidr{address("0.0.0.0"), 0}.contains(address("255.255.255.255"))));
    CHECK_FALSE((Cidr{address("0.0.0.0"), 0}.contains(address("::"))));
    CHECK((Cidr{address("::"), 0}.contains(address("ffff::1"))));
    CHECK_FALSE((Cidr{address("::"), 0}.contains(address("1.2.3.4"))));
}

TEST_CASE("cidr: bits that are not the network's are cleared") {
    CHECK(Cidr::masked(address("10.255.255.255"), 12) == address("10.240.0.0"));
    CHECK(Cidr::masked(address("10.255.255.255"), 32) == address("10.255.255.255"));
    CHECK(Cidr::masked(address("ffff:ffff::1"), 20) == address("ffff:f000::"));
    CHECK(Cidr::masked(address("ffff::1"), 0) == address("::"));
}
