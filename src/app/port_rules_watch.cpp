#include "app/port_rules_watch.h"

#include <algorithm>

#include "util/cpu_time.h"

namespace twtrace {

namespace {

constexpr std::uint64_t min_pause_ns = 100'000'000;

} // namespace

void PortRulesWatch::update() {
    namespaces_->find();
    for (const auto& [inode, view] : namespaces_->views())
        if (view.settings)
            rules_[inode] = port_rules_of(*view.settings);
}

bool PortRulesWatch::update_if_new(std::uint32_t netns, std::uint64_t now_ns) {
    if (netns == last_) // most events of a batch are in one namespace
        return false;
    if (rules_.contains(netns) || searched_.contains(netns)) {
        last_ = netns;
        return false;
    }
    if (now_ns < next_ns_)
        return false;
    searched_.insert(netns);
    next_ns_ = run_and_pause(now_ns, min_pause_ns, [this] { update(); });
    return true;
}

} // namespace twtrace
