#include "catch2.h"

#include <chrono>
#include <string>
#include <sys/stat.h>
#include <vector>

#include "cli/values.h"

using namespace twtrace;
using namespace std::chrono_literals;

namespace {

// Wrong values are wrong usage, and the error is one line that names the value.
template <typename Parsed>
bool refuses(const Parsed& parsed, const std::string& named) {
    if (parsed)
        return false;
    CAPTURE(parsed.error().message, named);
    CHECK(parsed.error().exit_code == ExitCode::Usage);
    CHECK(parsed.error().message.find('\n') == std::string::npos);
    CHECK(parsed.error().message.find("'" + named + "'") != std::string::npos);
    return true;
}

} // namespace

TEST_CASE("values: whole numbers within bounds") {
    CHECK(*parse_number("1", 1, 9) == 1);
    CHECK(*parse_number("9", 1, 9) == 9);
    CHECK(*parse_number("0009", 1, 9) == 9);
    CHECK(*parse_number("18446744073709551615", 0, ~std::uint64_t{0}) == ~std::uint64_t{0});
    for (const char* text : {"", "0", "10", "-1", "+1", " 1", "1 ", "1.0", "1e3", "0x1", "x", "१",
                             "18446744073709551616", "99999999999999999999999"})
        CHECK(refuses(parse_number(text, 1, 9), text));
}

TEST_CASE("values: process ids") {
    CHECK(*parse_pids("1") == std::vector<std::uint32_t>{1});
    CHECK(*parse_pids("12,34,4194304") == std::vector<std::uint32_t>{12, 34, 4194304});
    for (const char* text : {"", ",", "1,", ",1", "1,,2", "0", "-1", "4194305", "1;2", "nginx"})
        CHECK(refuses(parse_pids(text), text));
}

TEST_CASE("values: ports and ranges") {
    const auto ports = parse_ports("80,443,8000-8002,65535");
    REQUIRE(ports);
    CHECK(ports->any);
    for (const std::uint16_t port :
         std::initializer_list<std::uint16_t>{80, 443, 8000, 8001, 8002, 65535})
        CHECK(ports->contains(port));
    for (const std::uint16_t port :
         std::initializer_list<std::uint16_t>{0, 79, 81, 7999, 8003, 65534})
        CHECK_FALSE(ports->contains(port));
    const auto all = parse_ports("1-65535");
    REQUIRE(all);
    CHECK(all->contains(1));
    CHECK(all->contains(65535));
    CHECK_FALSE(all->contains(0));
    for (const char* text :
         {"0", "65536", "8100-8000", "80-", "-80", "80-90-100", "http", "0-10", "1-65536", "-", ""})
        CHECK(refuses(parse_ports(text), text));
    CHECK(refuses(parse_ports("80,"), ""));
    CHECK(refuses(parse_ports("80,x,90"), "x"));
}

TEST_CASE("values: seconds") {
    CHECK(*parse_seconds("10") == 10s);
    CHECK(*parse_seconds("0.5") == 500ms);
    CHECK(*parse_seconds("0.001") == 1ms);
    CHECK(*parse_seconds("31622400") == 31622400s);
    for (const char* text : {"", "0", "-1", "0.0009", "31622401", "1s", "1,5", "nan", "inf",
                             "infinity", "-inf", "1e400", "x", " 1", "1 "})
        CHECK(refuses(parse_seconds(text), text));
}

TEST_CASE("values: a network namespace by inode or by path") {
    CHECK(*parse_netns("4026531840") == 4026531840U);
    struct stat own {};
    REQUIRE(stat("/proc/self/ns/net", &own) == 0);
    CHECK(*parse_netns("/proc/self/ns/net") == own.st_ino);
    for (const char* text :
         {"", "0", "4294967296", "-1", "/no/such/path", "/proc/self", "/dev/null"})
        CHECK(refuses(parse_netns(text), text));
}

TEST_CASE("values: a file that is no network namespace is refused") {
    CHECK(refuses(parse_netns("/proc/self/status"), "/proc/self/status"));
    CHECK(refuses(parse_netns("/proc/self/ns/pid"), "/proc/self/ns/pid"));
}

TEST_CASE("values: the ring's size") {
    CHECK(*parse_ring_bytes("8M") == 8U << 20);
    CHECK(*parse_ring_bytes("64K") == 64U << 10);
    CHECK(*parse_ring_bytes("65536") == 65536);
    CHECK(*parse_ring_bytes("1G") == 1U << 30);
    CHECK(*parse_ring_bytes("1024M") == 1U << 30);
    for (const char* text : {"", "0", "M", "3M", "2G", "1T", "1m", "1KB", "-1M", "100",
                             "1073741825", "1.5M", "18446744073709551615G"})
        CHECK(refuses(parse_ring_bytes(text), text));
}

TEST_CASE("values: a process name as the kernel keeps it") {
    CHECK(*parse_comm("nginx") == "nginx");
    CHECK(*parse_comm("fifteen-letters") == "fifteen-letters");
    CHECK(refuses(parse_comm(""), ""));
    CHECK(*parse_comm("prometheus-node-exporter") == "prometheus-node-exporter");
}

TEST_CASE("values: an error that quotes a hostile value stays one harmless line") {
    const std::string hostile = "1\n2\x1b[2J";
    for (const auto& message :
         {parse_number(hostile, 1, 9).error().message, parse_pids(hostile).error().message,
          parse_ports(hostile).error().message, parse_seconds(hostile).error().message,
          parse_netns(hostile).error().message, parse_ring_bytes(hostile).error().message,
          parse_comm(hostile + std::string(255, 'x')).error().message}) {
        CAPTURE(message);
        CHECK(message.find_first_of("\n\x1b") == std::string::npos);
    }
}

TEST_CASE("values: address ranges, with the host's bits cleared") {
    const auto range = parse_cidr("10.1.2.3/8");
    REQUIRE(range);
    CHECK(to_string(range->base) == "10.0.0.0");
    CHECK(range->bits == 8);
    CHECK(parse_cidr("192.0.2.1")->bits == 32);
    CHECK(parse_cidr("2001:db8::/32")->bits == 32);
    CHECK(parse_cidr("::1")->bits == 128);
    CHECK(parse_cidr("::/0")->bits == 0);
    // IPv4-mapped: converted to IPv4, as everywhere else.
    const auto mapped = parse_cidr("::ffff:10.0.0.0/104");
    REQUIRE(mapped);
    CHECK(to_string(mapped->base) == "10.0.0.0");
    CHECK(mapped->bits == 8);
    for (const char* text :
         {"", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0/8", "::/129", "localhost",
          "10.0.0.1/8/9", "010.0.0.1", "fe80::1%eth0", " 10.0.0.1"})
        CHECK(refuses(parse_cidr(text), text));
}

TEST_CASE("values: containers by id, name or pattern") {
    for (const char* text :
         {"0123456789abcdef0123456789abcdef", "0a", "web-proxy_1", "web*", "[ab]?"})
        CHECK(*parse_container(text) == text);
    for (const char* text : {"", "a/b", "ab ", "a;b"})
        CHECK(refuses(parse_container(text), text));
    CHECK(refuses(parse_container(std::string(254, 'a')), std::string(254, 'a')));
}

TEST_CASE("values: pods with and without a namespace") {
    CHECK(*parse_pod("shop/checkout-*") == PodPattern{"shop", "checkout-*"});
    CHECK(*parse_pod("checkout") == PodPattern{"", "checkout"});
    for (const char* text : {"", "/", "/checkout", "shop/", "a/b/c", "a b"})
        CHECK(refuses(parse_pod(text), text));
    CHECK(*parse_pod_namespace("kube-*") == "kube-*");
    CHECK(refuses(parse_pod_namespace("a/b"), "a/b"));
}

TEST_CASE("values: a cgroup by its path or by its directory") {
    for (const char* text :
         {"/system.slice/a.service", "system.slice/a.service", "/system.slice/a.service/",
          "/sys/fs/cgroup/system.slice/a.service", "/sys/fs/cgroup/unified/system.slice/a.service"})
        CHECK(*parse_cgroup(text) == "/system.slice/a.service");
    CHECK(*parse_cgroup("/") == "/");
    CHECK(*parse_cgroup("/sys/fs/cgroup") == "/");
    CHECK(*parse_cgroup("/sys/fs/cgroups") == "/sys/fs/cgroups");
    CHECK(refuses(parse_cgroup(""), ""));
}

TEST_CASE("values: units") {
    CHECK(*parse_unit("nginx") == "nginx");
    CHECK(refuses(parse_unit(""), ""));
}
