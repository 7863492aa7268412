#include "app/port_rules_watch.h"

#include <algorithm>

#include "util/cpu_time.h"

namespace twtrace {

namespace {

constexpr std::uint64_t times_longer = 200; // than it cost: half a percent
constexpr std::uint64_t soonest_ns = 100'000'000;

} // namespace

void PortRulesWatch::look() {
    namespaces_->look();
    for (const auto& [inode, view] : namespaces_->views())
        if (view.settings)
            rules_[inode] = port_rules_of(*view.settings);
}

bool PortRulesWatch::look_for(std::uint32_t netns, std::uint64_t now_ns) {
    if (rules_.contains(netns) || now_ns < next_ns_ || !looked_for_.insert(netns).second)
        return false;
    const std::uint64_t before = cpu_now_ns();
    look();
    next_ns_ = now_ns + std::max(soonest_ns, times_longer * (cpu_now_ns() - before));
    return true;
}

} // namespace twtrace
