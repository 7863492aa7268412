#include "attribute/net_text.h"

#include <fmt/format.h>

#include "catch2.h"
#include "events.h"
#include "fake_files.h"

using namespace twtrace;
using test::address;

namespace {

const std::string fib_trie = R"(Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 127.0.0.0/8 2 0 2
        |-- 127.0.0.1
           /32 host LOCAL
     +-- 192.0.2.0/24 2 0 2
        |-- 192.0.2.0
           /24 link UNICAST
        |-- 192.0.2.2
           /32 host LOCAL
        |-- 192.0.2.255
           /32 link BROADCAST
Local:
        |-- 192.0.2.2
           /32 host LOCAL
        |-- 10.88.0.1
           /32 host LOCAL
)";

const std::string header = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when "
                           "retrnsmt   uid  timeout inode\n";

} // namespace

TEST_CASE("net text: a namespace's own addresses", "[attribute]") {
    CHECK(parse_fib_trie(fib_trie) == std::vector{address("192.0.2.2"), address("10.88.0.1")});
    CHECK(parse_if_inet6("fe8000000000000000fc00fffe000001 04 40 20 80     eth0\n"
                         "fd000000000000000000000000000002 04 40 00 82     eth0\n"
                         "00000000000000000000000000000001 01 80 10 80       lo\n") ==
          std::vector{address("fd00::2")});
    for (const char* text : {"", "\n\n", "|-- ", "|-- x\n/32 host LOCAL", "zz", "/32 host LOCAL"}) {
        CHECK(parse_fib_trie(text).empty());
        CHECK(parse_if_inet6(text).empty());
    }
}

TEST_CASE("net text: listening sockets, and no others", "[attribute]") {
    const test::FakeFiles files;
    files.write("/net/tcp",
                header +
                    "   0: 0100007F:2328 00000000:0000 0A 00000000:00000000 00:00000000 00000000 "
                    "    0        0 4711 1 0000000000000000 100 0 0 10 0\n"
                    "   1: 0100007F:A000 0100007F:2328 01 00000000:00000000 00:00000000 00000000 "
                    "    0        0 4712 1 0000000000000000 20 4 30 10 -1\n"
                    "   2: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000 "
                    "    0        0 4713 1 0000000000000000 100 0 0 10 0\n");
    files.write("/net/tcp6",
                header + "   0: 0000000000000000FFFF00000200000A:0050 "
                         "00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 "
                         "00000000     0        0 4714 1 0000000000000000 100 0 0 10 0\n"
                         "   1: 00000000000000000000000000000000:0051 "
                         "00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 "
                         "00000000     0        0 4715 1 0000000000000000 100 0 0 10 0\n");
    std::vector<TcpSocket> all;
    each_listener(files.path("/net"), [&](const TcpSocket& one) { all.push_back(one); });
    REQUIRE(all.size() == 3);
    CHECK(all[0].local == address("127.0.0.1"));
    CHECK(all[0].local_port == 9000);
    CHECK(all[0].inode == 4711);
    CHECK(all[1].local == address("10.0.0.2"));
    CHECK(all[1].local_port == 80);
    CHECK(all[2].local == address("::"));
    CHECK(all[2].inode == 4715);
    all.clear();
    std::string many = header;
    for (int number = 0; number < 300; ++number) // more than one read() returns
        many += fmt::format("{:4}: 0100007F:{:04X} 00000000:0000 0A 00000000:00000000 00:00000000 "
                            "00000000     0        0 {} 1 0000000000000000 100 0 0 10 0\n",
                            number, number + 1, number + 5'000);
    files.write("/many/tcp", many);
    each_listener(files.path("/many"), [&](const TcpSocket& one) { all.push_back(one); });
    REQUIRE(all.size() == 300);
    CHECK(all[299].local_port == 300);
    CHECK(all[299].inode == 5'299);
    all.clear();
    each_listener(files.path("/nothing"), [&](const TcpSocket& one) { all.push_back(one); });
    CHECK(all.empty());
}

TEST_CASE("net text: broken lines give no listeners", "[attribute]") {
    const std::string line = "0: 0100007F:2328 00000000:0000 0A 0:0 00:0 0 0 0 4711";
    TcpSocket socket;
    REQUIRE(parse_listener(line, socket));
    for (std::size_t at = 0; at + 4 < line.size(); ++at)
        CHECK_FALSE(parse_listener(line.substr(0, at), socket));
    for (const char* text : {"0: 0100007F2328 0 0A 0 0 0 0 0 1", "0: 0100007:2328 0 0A 0 0 0 0 0 1",
                             "0: 0100007F:12328 0 0A 0 0 0 0 0 1", "0: X:1 0 0A 0 0 0 0 0 1",
                             "0: 0100007F:1 0 0A 0 0 0 0 0 -1"})
        CHECK_FALSE(parse_listener(text, socket));
}
