// A real Prometheus scrapes real exporters under real traffic.
#include <sys/prctl.h>

#include <array>
#include <csignal>
#include <memory>

#include "catch2.h"
#include "errors.h"
#include "exporter.h"
#include "match.h"
#include "nginx.h"
#include "prometheus.h"
#include "witness.h"
#include "worker.h"

using namespace live;

namespace {

std::vector<Job> all_quick_kinds() {
    std::vector<Job> jobs;
    for (const Job& job : all_jobs(false)) {
        if (!job.kind->slow) {
            jobs.push_back(job);
        }
    }
    return jobs;
}

/// Closes this number of connections under a name; stops after the first one.
Forked named_closer(const TestNamespace& ns, const std::string& name, std::size_t times) {
    return Forked([&ns, name, times] {
        ns.enter();
        prctl(PR_SET_NAME, name.c_str(), 0, 0, 0);
        for (std::size_t count = 0; count < times; ++count) {
            Connection connection = connect_pair(Family::V4, Role::Client);
            connection.active.close();
            connection.passive.read_to_eof();
            connection.passive.close();
            if (count == 0) {
                raise(SIGSTOP);
            }
        }
        return std::string();
    });
}

struct Host {
    TestNamespace ns;
    Exporter exporter{ns, {"--ring", "1M"}};
    std::vector<Forked> closers;
};

} // namespace

TEST_CASE("prometheus: its queries give the kernel's totals", "[prometheus]") {
    if (!can_trace() || !have_prometheus()) {
        return;
    }
    const TestNamespace ns;
    const Witness witness;
    const Exporter exporter(ns);
    const Prometheus prometheus({exporter.port()});
    const KernelCounters before = ns.counters();
    auto expected = run_jobs(ns, all_quick_kinds());
    std::unique_ptr<Nginx> nginx;
    if (!nginx_binary().empty()) {
        nginx = std::make_unique<Nginx>(
            ns, "server { listen 127.0.0.1:8080; location / { return 200 \"ok\"; } }", 8080);
        http_load(ns, 8080, 200, false); // 200 that nginx closes
    }
    const KernelCounters rise = ns.counters() - before;
    const std::uint64_t hidden = witness.take_hidden(expected);
    const auto kernel = static_cast<double>(rise.scheduled());
    const auto by_events = [&] {
        return prometheus.number("sum(twtrace_time_wait_entered_total)");
    };
    // A scrape that fails makes the series disappear until the next one.
    double counted = 0;
    double told = 0;
    wait_until(
        [&] {
            counted = std::max(counted, prometheus.number("twtrace_kernel_time_wait_total"));
            told = std::max(told, by_events());
            return counted >= kernel && told >= kernel - static_cast<double>(hidden);
        },
        Milliseconds(10000));
    CHECK(counted == kernel);
    require_equal_to_kernel(static_cast<std::uint64_t>(told), rise, hidden);
    await("it is scraped", [&] { return prometheus.number("up{job=\"twtrace\"}") == 1; });
    if (nginx) {
        INFO(prometheus.query("twtrace_time_wait_entered_total").dump(1));
        await("those of servers", [&] {
            return prometheus.number("sum(twtrace_time_wait_entered_total{role=\"server\"})") >=
                   200;
        });
        await("those of nginx", [&] {
            return prometheus.number(
                       "max(twtrace_time_wait_entered_total{service=~\".*nginx.*\"})") >= 200;
        });
    }
}

TEST_CASE("prometheus: the recording rule ranks services over ten exporters", "[prometheus]") {
    if (!can_trace() || !have_prometheus()) {
        return;
    }
    const Witness witness;
    std::vector<std::unique_ptr<Host>> hosts;
    std::vector<std::uint16_t> ports;
    for (std::size_t number = 0; number < 10; ++number) {
        Host& host = *hosts.emplace_back(std::make_unique<Host>());
        ports.push_back(host.exporter.port());
        // `loud` is first on one host; over all hosts `busy` is, which is first on none.
        host.closers.push_back(named_closer(host.ns, "quiet", 21));
        host.closers.push_back(named_closer(host.ns, "busy", number == 0 ? 101 : 61));
        host.closers.push_back(named_closer(host.ns,
                                            number == 0 ? "loud" : "only" + std::to_string(number),
                                            number == 0 ? 301 : 121));
    }
    const Prometheus prometheus(ports);
    const auto count_series = [&] {
        return prometheus.number(
            "count(twtrace_time_wait_entered_total{service=~\"busy|quiet|loud|only.\"})");
    };
    await(
        "the first close of each", [&] { return count_series() == 30; }, Milliseconds(20000));
    for (const auto& host : hosts) {
        for (Forked& closer : host->closers) {
            let_go(closer);
        }
    }
    for (const auto& host : hosts) {
        for (Forked& closer : host->closers) {
            closer.collect();
        }
    }
    await("all closes", [&] {
        return prometheus.number("sum(twtrace_time_wait_entered_total)") +
                   static_cast<double>(witness.hidden_entries()) >=
               10 * 21 + 101 + 9 * 61 + 301 + 9 * 121;
    });
    const auto first = [&](int nth) {
        const nlohmann::json top =
            prometheus.query("sort_desc(service:twtrace_time_wait_entered:rate5m_top20)");
        return top.size() < 12 ? std::string()
                               : top.at(static_cast<std::size_t>(nth))
                                     .at("metric")
                                     .at("service")
                                     .get<std::string>();
    };
    await("the rule", [&] { return first(0) == "busy" && first(1) == "loud"; });
    CHECK(first(2) == "quiet");
    await("all are scraped",
          [&] { return prometheus.number("count(up{job=\"twtrace\"} == 1)") == 10; });
}
