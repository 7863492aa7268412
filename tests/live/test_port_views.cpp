// Port use from several source addresses: each view says the same.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "catch2.h"
#include "doctor.h"
#include "errors.h"
#include "exporter.h"
#include "terminal.h"
#include "witness.h"

using namespace live;
using nlohmann::json;

namespace {

constexpr double usable = 1000;
const std::string worst_source = "127.0.0.3";

struct Source {
    const char* address;
    int ports;
};
// The worst is neither the first nor the last.
constexpr std::array sources{Source{"127.0.0.2", 200}, Source{"127.0.0.3", 300},
                             Source{"127.0.0.4", 50}, Source{"127.0.0.5", 100}};
constexpr int closes = 650;

// connect() picks the port, so each source address has the whole range.
void bind_to(int fd, const char* source) {
    const int one = 1;
    check_call(setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one),
               "IP_BIND_ADDRESS_NO_PORT");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    inet_pton(AF_INET, source, &address.sin_addr);
    check_call(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), "bind");
}

/// One process that connects from each of the sources; returns its pid.
int connect_from_all(const TestNamespace& ns) {
    ClientHabits habits;
    habits.before_connect = [made = 0](int fd) mutable {
        int last = 0;
        const auto* source = std::find_if(sources.begin(), sources.end(), [&](const Source& one) {
            last += one.ports;
            return made < last;
        });
        bind_to(fd, source->address);
        ++made;
    };
    return connect_and_close(ns, closes, habits);
}

/// The only destination in a summary; null: it has none.
json peer_in(const json& summary) {
    for (const json& group : summary.at("groups")) {
        if (group.at("role") == "client") {
            REQUIRE(group.at("peers").size() == 1);
            return group.at("peers").at(0);
        }
    }
    return nullptr;
}

json last_peer_in(const std::string& intervals) {
    json last;
    for (const json& document : parse_events(intervals)) {
        if (json peer = peer_in(document); !peer.is_null()) {
            last = std::move(peer);
        }
    }
    return last;
}

} // namespace

TEST_CASE("port views: summary, doctor, exporter and top agree on the worst source address",
          "[port-use][doctor][exporter][top]") {
    if (!can_trace() || !has_terminal()) {
        return;
    }
    const TestNamespace ns;
    ns.set_sysctl("net.ipv4.ip_local_port_range", "20000 20999");
    ns.set_sysctl("net.ipv4.tcp_tw_reuse", "0");
    const Witness witness;
    Tracer summary({"summary", "-o", "json", "--netns", ns.path()});
    Tracer intervals({"summary", "-i", "1", "-o", "json", "--netns", ns.path()});
    const Exporter exporter(ns);
    const Terminal terminal(120, 40);
    terminal.enter(twtrace_binary() + " top -i 0.2 --netns " + ns.path());
    terminal.await("no connection has entered");
    int pid = 0;
    const Diagnosis diagnosis = diagnose(ns, [&] { pid = connect_from_all(ns); });

    const double hidden = static_cast<double>(witness.hidden_entries()) / usable;
    const auto is_worst = [&](double ratio) { return ratio == Approx(0.3).margin(hidden + 1e-9); };
    if (hidden == 0) {
        terminal.await("Worst ports    30.0 % (300) towards 127.0.0.1:7000");
        terminal.press("Enter");
        terminal.await("(" + std::to_string(pid) + ") client");
        terminal.await("30.0%        0 127.0.0.1:7000");
    }
    await(
        "the exporter's port use",
        [&] {
            const Scrape scrape = exporter.scrape();
            const std::string name = "twtrace_ephemeral_port_use_ratio";
            return is_worst(sum_of(scrape, name)) &&
                   is_worst(sum_of(scrape, name, {"peer=\"127.0.0.1:7000\""}));
        },
        Milliseconds(20000));
    await(
        "the intervals with all closes",
        [&] {
            double sum = 0;
            for (const json& document : parse_events(intervals.out())) {
                sum += document.at("totals").at("time_wait").get<double>();
            }
            return sum >= closes - hidden * usable;
        },
        Milliseconds(20000));
    const json whole = peer_in(json::parse(summary.stop().out));
    const json last = last_peer_in(intervals.stop().out);
    for (const json& peer : {whole, last}) {
        INFO(peer.dump());
        REQUIRE(peer.is_object());
        CHECK(peer.at("remote_addr") == "127.0.0.1");
        CHECK(is_worst(peer.at("port_use").get<double>()));
        CHECK(peer.at("port_use_source") == worst_source);
    }

    const json& counted = diagnosis.document.at("namespaces").at(0);
    INFO(counted.dump());
    CHECK(counted.at("usable_ports") == usable);
    REQUIRE(counted.at("ports").size() == sources.size());
    for (const Source& source : sources) {
        const auto use =
            std::find_if(counted.at("ports").begin(), counted.at("ports").end(),
                         [&](const json& one) { return one.at("local_addr") == source.address; });
        REQUIRE(use != counted.at("ports").end());
        CHECK(use->at("time_wait") == source.ports); // of the kernel's sockets, hidden ones too
    }
}
