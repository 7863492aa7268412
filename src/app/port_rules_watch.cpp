#include "app/port_rules_watch.h"

#include <algorithm>

#include "util/cpu_time.h"

namespace twtrace {

namespace {

constexpr std::uint64_t soonest_ns = 100'000'000;

} // namespace

void PortRulesWatch::look() {
    namespaces_->look();
    for (const auto& [inode, view] : namespaces_->views())
        if (view.settings)
            rules_[inode] = port_rules_of(*view.settings);
}

bool PortRulesWatch::look_for(std::uint32_t netns, std::uint64_t now_ns) {
    if (netns == last_) // most events of a batch are in one namespace
        return false;
    if (rules_.contains(netns) || looked_for_.contains(netns)) {
        last_ = netns;
        return false;
    }
    if (now_ns < next_ns_)
        return false;
    looked_for_.insert(netns);
    next_ns_ = run_and_pause(now_ns, soonest_ns, [this] { look(); });
    return true;
}

} // namespace twtrace
