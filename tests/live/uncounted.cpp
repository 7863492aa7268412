#include "uncounted.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "worker.h"

namespace live {

namespace {

CountedAt find_out() {
    const TestNamespace ns;
    run_jobs(ns,
             {{&closing_kind("close_then_peer_acks_and_closes_later"), Family::V4, Role::Client}});
    return ns.counters().tw == 1 ? CountedAt::Schedule : CountedAt::End;
}

/// The same for both ends.
std::pair<std::string, std::string> connection_of(const Expected& event) {
    std::string local = event.local.addr + " " + std::to_string(event.local.port);
    std::string remote = event.remote.addr + " " + std::to_string(event.remote.port);
    return std::minmax(std::move(local), std::move(remote));
}

std::uint64_t connections_on_old_ports(const std::vector<Expected>& expected) {
    std::map<std::pair<std::string, std::string>, std::uint64_t> connections;
    std::uint64_t again = 0;
    for (const Expected& event : expected) {
        if (event.active) {
            again += connections[connection_of(event)]++ > 0 ? 1 : 0;
        }
    }
    return again;
}

} // namespace

CountedAt counted_at() {
    static const CountedAt found = find_out();
    return found;
}

std::uint64_t entered(const KernelCounters& rise) {
    return counted_at() == CountedAt::Schedule ? rise.scheduled() : rise.ended_or_present();
}

Uncounted uncounted_by_kernel(const std::vector<Expected>& expected, const KernelCounters& rise) {
    if (counted_at() == CountedAt::Schedule) {
        return {};
    }
    const auto doubtful = std::count_if(expected.begin(), expected.end(),
                                        [](const Expected& e) { return e.doubtful; });
    const auto reset = std::count_if(expected.begin(), expected.end(), [](const Expected& e) {
        return e.outcome.reset_ends_it && !e.doubtful;
    });
    const std::uint64_t again = connections_on_old_ports(expected);
    Uncounted uncounted;
    uncounted.at_least = static_cast<std::uint64_t>(reset);
    uncounted.at_most = uncounted.at_least + static_cast<std::uint64_t>(doubtful) + again -
                        std::min(again, rise.tw_recycled);
    return uncounted;
}

} // namespace live
