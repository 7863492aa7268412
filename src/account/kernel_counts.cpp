#include "account/kernel_counts.h"

#include <algorithm>

#include "account/namespaces.h"

namespace twtrace {

bool KernelCounts::wanted(std::uint32_t netns) const {
    return only_.empty() || std::find(only_.begin(), only_.end(), netns) != only_.end();
}

// Reads, and makes sure that the process has not changed its namespace (or its pid its process)
// meanwhile.
bool KernelCounts::read(std::uint32_t netns, State& state) const {
    const auto counters = read_tcp_counters(state.directory);
    const std::string process = state.directory.substr(0, state.directory.rfind('/'));
    if (!counters || namespace_of(process) != netns)
        return false;
    state.last = *counters;
    return true;
}

void KernelCounts::look_for_new(bool at_start) {
    for (auto& [netns, directory] : find_namespaces()) {
        if (!wanted(netns))
            continue;
        State& state = states_[netns];
        const bool is_new = state.directory.empty();
        state.directory = directory;
        state.gone = !read(netns, state);
        if (is_new && at_start)
            state.base = state.last;
    }
}

void KernelCounts::start() {
    states_.clear();
    look_for_new(true);
}

void KernelCounts::refresh(bool look_for_new_ones) {
    bool lost_one = false;
    for (auto& [netns, state] : states_) {
        if (!state.gone)
            state.gone = !read(netns, state);
        lost_one = lost_one || state.gone;
    }
    // Another process may live in the namespace whose representative has ended.
    if (lost_one || look_for_new_ones)
        look_for_new(false);
}

KernelCounts::Sum KernelCounts::sum() const {
    Sum sum;
    for (const auto& [netns, state] : states_) {
        sum.entered += state.last.entered() - state.base.entered();
        sum.overflow += state.last.tw_overflow - state.base.tw_overflow;
        sum.namespaces += 1;
        sum.vanished += state.gone ? 1 : 0;
    }
    return sum;
}

std::vector<std::uint32_t> KernelCounts::vanished() const {
    std::vector<std::uint32_t> gone;
    for (const auto& [netns, state] : states_)
        if (state.gone)
            gone.push_back(netns);
    return gone;
}

} // namespace twtrace
