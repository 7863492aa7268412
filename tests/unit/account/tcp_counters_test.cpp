#include "catch2.h"

#include <string>

#include "account/tcp_counters.h"

using namespace twtrace;

namespace {

// /proc/net/netstat of Linux 6.18, shortened in the middle; IpExt and MPTcpExt are unchanged.
const std::string real =
    "TcpExt: SyncookiesSent SyncookiesRecv ArpFilter TW TWRecycled TWKilled PAWSActive "
    "ListenOverflows TCPTimeWaitOverflow TCPReqQFullDoCookies\n"
    "TcpExt: 0 0 0 1280 3 20 0 5 7 0\n"
    "IpExt: InNoRoutes InTruncatedPkts TW\n"
    "IpExt: 1 2 3\n"
    "MPTcpExt: MPCapableSYNRX\n"
    "MPTcpExt: 0\n";

} // namespace

TEST_CASE("netstat: the counters are found by their names") {
    const auto counters = parse_netstat(real);
    REQUIRE(counters);
    CHECK(counters->tw == 1280);
    CHECK(counters->tw_killed == 20);
    CHECK(counters->tw_overflow == 7);
    CHECK(counters->entered(CountedAt::Schedule) == 1300);
}

TEST_CASE("netstat: columns and lines in any order, with the largest numbers") {
    const auto counters =
        parse_netstat("IpExt: TW\nIpExt: 9\nTcpExt: TCPTimeWaitOverflow TWKilled TW\n"
                      "TcpExt: 18446744073709551615 2 18446744073709551615\n");
    REQUIRE(counters);
    CHECK(counters->tw == ~std::uint64_t{0});
    CHECK(counters->tw_killed == 2);
    CHECK(counters->tw_overflow == ~std::uint64_t{0});
}

TEST_CASE("netstat: similar names do not match") {
    CHECK_FALSE(parse_netstat("TcpExt: TWX XTW tw TW2\nTcpExt: 1 2 3 4\n"));
    CHECK_FALSE(parse_netstat("XTcpExt: TW\nXTcpExt: 1\n"));
}

TEST_CASE("netstat: without TW there is no value, not 0") {
    for (const char* text :
         {"", "\n", "TcpExt:", "TcpExt: \nTcpExt: \n", "TcpExt: TW\n",
          "TcpExt: TW\nTcpExt: ", "TcpExt: TW\nTcpExt: x\n", "TcpExt: TW\nTcpExt: -1\n",
          "TcpExt: TW\nTcpExt: 1x\n", "TcpExt: TW\nTcpExt: 18446744073709551616\n",
          "TcpExt: A TW\nTcpExt: 1\n", "TcpExt: TWKilled\nTcpExt: 1\n",
          "TcpExt: TW TWKilled\nTcpExt: 1 x\n", "TcpExt: TW\nIpExt: 1\n", "no such file\n"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_netstat(text));
    }
}

TEST_CASE("netstat: kernels without the newer counters") {
    const auto counters = parse_netstat("TcpExt: TW\nTcpExt: 5\n");
    REQUIRE(counters);
    CHECK(counters->tw == 5);
    CHECK(counters->tw_killed == 0);
    CHECK(counters->tw_overflow == 0);
}

TEST_CASE("netstat: text that is cut anywhere is read or refused, never misread") {
    for (std::size_t length = 0; length < real.size(); ++length) {
        const auto counters = parse_netstat(std::string_view(real).substr(0, length));
        CAPTURE(length);
        if (length >= real.find("IpExt"))
            CHECK(counters->entered(CountedAt::Schedule) == 1300);
        else if (counters)
            CHECK(counters->tw == 1280);
    }
}

TEST_CASE("netstat: where the kernel counts at the end, present sockets are added") {
    TcpCounters counters = *parse_netstat(real);
    CHECK(counters.tw_recycled == 3);
    counters.present = 50;
    CHECK(counters.entered(CountedAt::End) == 1280 + 20 + 3 + 50);
}

TEST_CASE("sockstat: the number of time-wait sockets") {
    CHECK(parse_sockstat_tw(
              "sockets: used 7\nTCP: inuse 2 orphan 0 tw 15 alloc 3 mem 1\nUDP: inuse 1\n") == 15);
    CHECK(parse_sockstat_tw("TCP: inuse 2 tw 4294967296") == 4294967296U);
    for (const char* text : {"", "TCP:", "TCP: tw", "TCP: inuse 2 orphan 0\nUDP: x tw 5\n",
                             "sockets: used tw 9\n", "TCP: inuse 1 tw x\n", "XTCP: inuse 1 tw 5\n"})
        CHECK(parse_sockstat_tw(text) == 0);
}
