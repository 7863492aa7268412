// The doctor's reports about limits of its observation and about sockets older than its run.
#include <netinet/in.h>
#include <sys/socket.h>

#include "catch2.h"
#include "doctor.h"
#include "errors.h"
#include "fd.h"

using namespace live;
using nlohmann::json;

namespace {

constexpr int times = 40;
constexpr int snat_ports = 4;
constexpr int too_many = 10;

bool mentions(const json& lines, const std::string& part) {
    return lines.dump().find(part) != std::string::npos;
}

/// False, with the reason, if this machine has no iptables or no NAT.
bool translate(const TestNamespace& ns) {
    const CommandResult result =
        run_command({"sh", "-c",
                     "PATH=$PATH:/usr/sbin:/sbin iptables -t nat -A POSTROUTING -p tcp --dport "
                     "7000 -j SNAT --to-source 127.0.0.1:50000-" +
                         std::to_string(50'000 + snat_ports - 1)},
                    ns.path());
    if (result.exit_status != 0)
        WARN("SKIP: no NAT here: " << result.err);
    return result.exit_status == 0;
}

/// More connections than source ports after NAT; the surplus ones fail.
std::string connect_through_nat() {
    const Fd listening(check_call(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(7000);
    const auto* to = reinterpret_cast<const sockaddr*>(&address);
    check_call(bind(listening.get(), to, sizeof address), "bind");
    check_call(listen(listening.get(), 64), "listen");
    std::vector<Fd> kept;
    for (int index = 0; index < snat_ports + too_many; ++index) {
        kept.emplace_back(
            check_call(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "socket"));
        check(connect(kept.back().get(), to, sizeof address) != 0 && errno == EINPROGRESS,
              "connect");
    }
    return {};
}

} // namespace

TEST_CASE("out of sight: source ports of SNAT that run out", "[out-of-sight]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    ns.set_sysctl("net.ipv4.ip_forward", "1");
    if (!translate(ns)) {
        return;
    }
    const Diagnosis diagnosis = diagnose(ns, [&] { ns.run_in(connect_through_nat); });
    INFO(diagnosis.document.dump(2));
    const json* finding = diagnosis.finding("snat-ports");
    REQUIRE(finding != nullptr);
    CHECK(finding->at("severity") == "warning");
    CHECK(finding->at("numbers").at("insert_failed").get<int>() >= too_many);
    const json conntrack = diagnosis.document.at("namespaces").at(0).at("conntrack");
    CHECK(conntrack.at("forwards") == true);
    CHECK(conntrack.at("entries").get<int>() >= snat_ports);
    CHECK(mentions(diagnosis.document.at("out_of_sight"), "this host only forwards"));
}

TEST_CASE("out of sight: a recording of the same seconds gives the live doctor's findings",
          "[out-of-sight][recording]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    ns.set_sysctl("net.ipv4.tcp_tw_reuse", "0"); // otherwise ports become free between the two ends
    ns.set_sysctl("net.ipv4.ip_local_port_range", "40000 40199");
    connect_and_close(ns, times);
    bool nat = false;
    const TempDir dir;
    const std::string path = dir.file("a.twr");
    Tracer recorder({"record", "-o", path, "--netns", ns.path()});
    const Diagnosis now = diagnose(ns, [&] {
        connect_and_close(ns, times);
        nat = translate(ns);
        if (nat) {
            ns.run_in(connect_through_nat);
        }
    });
    REQUIRE(recorder.stop().exit_status == 0);
    const CommandResult replayed =
        run_command({twtrace_binary(), "doctor", "-o", "json", "--from", path});
    INFO(now.document.dump(2) << replayed.out << replayed.err);
    CHECK(replayed.exit_status == now.exit_status);
    const json later = json::parse(replayed.out);
    CHECK(later.at("totals") == now.document.at("totals"));
    CHECK(later.at("namespaces") == now.document.at("namespaces"));
    CHECK(later.at("out_of_sight") == now.document.at("out_of_sight"));
    CHECK(later.at("time_wait_from_before").at("sockets") == times);
    CHECK(now.document.at("time_wait_from_before").at("sockets") == times);
    const auto ids = [](const json& document) {
        std::vector<std::string> all;
        for (const json& finding : document.at("findings")) {
            all.push_back(finding.at("id"));
        }
        return all;
    };
    CHECK(ids(later) == ids(now.document));
    CHECK((!nat || now.finding("snat-ports") != nullptr));
}

TEST_CASE("out of sight: without findings, sockets in TIME_WAIT from before the run are reported",
          "[out-of-sight]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    connect_and_close(ns, times);
    const Diagnosis later = diagnose(ns, [] {});
    INFO(later.ids());
    CHECK(later.exit_status == 0);
    json left = later.document.at("time_wait_from_before");
    CHECK(left.at("sockets") == times);
    CHECK(left.at("services").empty());
    CHECK(left.at("last_ends_in_s").get<double>() <= 60);
    CHECK(mentions(later.document.at("out_of_sight"), "EADDRNOTAVAIL"));

    Tracer remembers({"trace", "--journal", "--netns", ns.path()});
    connect_and_close(ns, times);
    await("the closes are seen", [&] { return lines_of(remembers.out()).size() > times; });
    Tracer doctor({"doctor", "-d", "60", "--netns", ns.path()});
    const CommandResult result = doctor.stop();
    remembers.stop();
    INFO(result.out << result.err);
    CHECK(result.exit_status == 0);
    CHECK(result.out.find("80 sockets are still in TIME_WAIT from before (40 of ") !=
          std::string::npos);
    CHECK(result.out.find("Can't be seen: ") != std::string::npos);
}
