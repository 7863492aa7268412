#include "catch2.h"

#include "account/net_settings.h"
#include "fake_files.h"

using namespace twtrace;

TEST_CASE("net settings: read from the files") {
    const test::FakeFiles files;
    files.write("/ip_local_port_range", "32768\t60999\n");
    files.write("/ip_local_reserved_ports", "40000-40009,50000,80\n");
    files.write("/tcp_max_tw_buckets", "65536\n");
    files.write("/tcp_tw_reuse", "2\n");
    files.write("/tcp_fin_timeout", "60\n");
    files.write("/tcp_timestamps", "1\n");
    const NetSettings settings = read_net_settings(files.path());
    CHECK(settings.ephemeral.first == 32768);
    CHECK(settings.ephemeral.last == 60999);
    CHECK(settings.ephemeral.size() == 28232);
    CHECK(settings.usable_ports() == 28232 - 11); // port 80 is outside of the range
    CHECK(settings.max_tw_buckets == 65536U);
    CHECK(settings.tw_reuse == 2U);
    CHECK(settings.fin_timeout_s == 60U);
    CHECK(settings.timestamps == 1U);
}

TEST_CASE("net settings: missing files give unknown values") {
    const test::FakeFiles files;
    const NetSettings settings = read_net_settings(files.path());
    CHECK(settings.usable_ports() == 0);
    CHECK_FALSE(settings.max_tw_buckets);
    CHECK_FALSE(settings.tw_reuse);
    CHECK_FALSE(settings.tw_recycle);
    files.write("/ip_local_port_range", "nonsense\n");
    files.write("/tcp_tw_reuse", "\n");
    CHECK(read_net_settings(files.path()).usable_ports() == 0);
    CHECK_FALSE(read_net_settings(files.path()).tw_reuse);
}

TEST_CASE("net settings: a list of ports") {
    const PortSet ports = parse_port_list("8080,9148-9150,nonsense,7-,65535\n");
    for (const std::uint16_t port : {std::uint16_t{8080}, std::uint16_t{9148}, std::uint16_t{9149},
                                     std::uint16_t{9150}, std::uint16_t{65535}})
        CHECK(ports.contains(port));
    for (const std::uint16_t port : {std::uint16_t{7}, std::uint16_t{8}, std::uint16_t{8081},
                                     std::uint16_t{9147}, std::uint16_t{9151}})
        CHECK_FALSE(ports.contains(port));
    CHECK_FALSE(parse_port_list("").any);
    CHECK_FALSE(parse_port_list("\n").any);
}
