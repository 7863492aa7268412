// More processes and more peers than the tables hold: memory is bounded, and totals are exact.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <functional>

#include "catch2.h"
#include "cgroups.h"
#include "errors.h"
#include "fd.h"
#include "forked.h"
#include "tracer.h"
#include "witness.h"

using namespace live;
using nlohmann::json;

namespace {

constexpr int processes = 11'000;     // the table of groups holds 10,000
constexpr int peers = 60'000;         // the table of peers holds 50,000
constexpr long max_kib = 160L * 1024; // docs/design.md

// AddressSanitizer uses several times as much memory.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool is_sanitized = true;
#elif defined(__has_feature)
constexpr bool is_sanitized = __has_feature(address_sanitizer);
#else
constexpr bool is_sanitized = false;
#endif

sockaddr_in loopback(std::uint32_t host, std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(host);
    return address;
}

class Listener {
  public:
    Listener() : fd_(check_call(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket")) {
        const sockaddr_in any = loopback(INADDR_ANY, port);
        check_call(bind(fd_.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any), "bind");
        check_call(listen(fd_.get(), 16), "listen");
    }
    /// The client has closed by now: this end is the second.
    void close_one() const {
        const Fd accepted(check_call(accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC), "accept"));
        char byte = 0;
        check(recv(accepted.get(), &byte, 1, 0) == 0, "EOF expected");
    }
    static constexpr std::uint16_t port = 9000;

  private:
    Fd fd_;
};

/// connect() and close(), without data.
void touch(std::uint32_t host) {
    const Fd fd(check_call(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    const sockaddr_in address = loopback(host, Listener::port);
    check_call(connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
               "connect");
}

std::string many_processes() {
    const Listener listener;
    for (int i = 0; i < processes; ++i) {
        const pid_t child = check_call(fork(), "fork");
        if (child == 0) {
            try {
                touch(INADDR_LOOPBACK);
            } catch (const std::exception&) {
                _exit(1);
            }
            _exit(0);
        }
        check(reap(child) == 0, "a process of the storm");
        listener.close_one();
    }
    return {};
}

std::string many_peers() {
    const Listener listener;
    for (std::uint32_t i = 0; i < peers; ++i) {
        touch(INADDR_LOOPBACK + 256 + i);
        listener.close_one();
    }
    return {};
}

struct Told {
    json summary;
    std::uint64_t kernel = 0;
    std::uint64_t hidden = 0; // witness.h
    long peak_kib = 0;        // with all groups and peers
};

Told trace(const TestNamespace& ns, const std::string& cgroup,
           const std::function<std::string()>& work) {
    const Witness witness;
    Tracer tracer({"summary", "-w", "-o", "json", "--netns", ns.path(), "--ring", "16M"});
    const KernelCounters before = ns.counters();
    Forked([&] {
        TestCgroups::enter(cgroup);
        ns.enter();
        return work();
    }).collect();
    const std::uint64_t kernel = (ns.counters() - before).scheduled();
    const long peak = memory_kib(tracer.command().pid(), "VmHWM");
    tracer.command().signal(SIGINT);
    const CommandResult result = tracer.wait(Milliseconds(20000));
    INFO(result.err);
    CHECK(result.exit_status == 0);
    return {json::parse(result.out), kernel, witness.hidden_entries(), peak};
}

std::uint64_t sum_of(const json& rows) {
    std::uint64_t sum = 0;
    for (const json& row : rows) {
        sum += row.at("time_wait").get<std::uint64_t>();
    }
    return sum;
}

void check_totals(const Told& told, int expected) {
    const json& accounting = told.summary.at("accounting");
    INFO(accounting.dump());
    CHECK(told.kernel == static_cast<std::uint64_t>(expected));
    CHECK(accounting.at("kernel") == told.kernel);
    CHECK(accounting.at("unaccounted").get<std::uint64_t>() <= told.hidden);
    const auto total = told.summary.at("totals").at("time_wait").get<std::uint64_t>();
    CHECK(total + accounting.at("unaccounted").get<std::uint64_t>() +
              accounting.at("missed").get<std::uint64_t>() ==
          told.kernel);
    CHECK(sum_of(told.summary.at("groups")) == total);
    INFO("peak memory: " << told.peak_kib << " KiB");
    CHECK((is_sanitized || told.peak_kib < max_kib));
}

bool can_run() {
    return can_trace() && TestCgroups::can_make();
}

} // namespace

TEST_CASE("storm: short-lived processes have names, and groups beyond the table are 'other'",
          "[storm]") {
    if (!can_run()) {
        return;
    }
    const TestNamespace ns;
    TestCgroups cgroups;
    const Told told = trace(ns, cgroups.make("/system.slice/storm.service"), many_processes);
    check_totals(told, processes);
    const json& groups = told.summary.at("groups");
    CHECK(groups.size() <= 10'001);
    CHECK(groups.size() > 8'000);
    CHECK(groups.back().at("by") == "other");
    CHECK(groups.back().at("time_wait") > 0);
    std::size_t unnamed = 0;
    for (const json& group : groups) {
        unnamed += group.at("service") == "storm.service" && group.at("unit") == "storm.service" &&
                           group.at("comm").is_string()
                       ? 0
                       : 1;
    }
    CHECK(unnamed == 0);
}

TEST_CASE("storm: more peers than the table holds", "[storm]") {
    if (!can_run()) {
        return;
    }
    const TestNamespace ns;
    ns.set_sysctl("net.ipv4.tcp_max_tw_buckets", "1000000");
    TestCgroups cgroups;
    const Told told = trace(ns, cgroups.make("/system.slice/storm.service"), many_peers);
    check_totals(told, peers);
    const json& first = told.summary.at("groups").at(0);
    CHECK(first.at("service") == "storm.service");
    CHECK(sum_of(first.at("peers")) == first.at("time_wait"));
    CHECK(first.at("peers").back().at("remote_addr").is_null());
}
