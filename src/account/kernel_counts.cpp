#include "account/kernel_counts.h"

#include <algorithm>
#include <utility>

#include "account/namespaces.h"

namespace twtrace {

bool KernelCounts::wanted(std::uint32_t netns) const {
    return only_.empty() || std::find(only_.begin(), only_.end(), netns) != only_.end();
}

void KernelCounts::add_new() {
    for (auto& [netns, process] : find_namespaces()) {
        if (!wanted(netns))
            continue;
        if (const auto known = states_.find(netns); known != states_.end() && known->second.files) {
            known->second.process = process;
            continue;
        }
        if (NetFiles files = NetFiles::open(netns, process, counted_at_))
            open_new(netns, process, std::move(files));
    }
    for (const auto& [netns, events] : unknown_) {
        states_[netns].never_read = true; // asked for once
        unchecked_ += events;
    }
    unknown_.clear();
}

void KernelCounts::open_new(std::uint32_t netns, const std::string& process, NetFiles files) {
    State& state = states_[netns];
    // An inode is used again once its namespace has ended: what the old one counted stays in the
    // sum.
    state.carried += state.last.entered(counted_at_) - state.base.entered(counted_at_);
    state.carried_overflow += state.last.tw_overflow - state.base.tw_overflow;
    state.base = {};
    state.last = files.read().value_or(TcpCounters{});
    state.files = std::move(files);
    state.process = process;
    state.never_read = false;
    unknown_.erase(netns);
}

void KernelCounts::let_go_of_ended() {
    for (auto& [netns, state] : states_) {
        if (!state.files || namespace_of(state.process) == netns)
            continue;
        state.last = state.files.read().value_or(state.last);
        state.files = NetFiles();
    }
}

void KernelCounts::refresh(bool look_for_new) {
    const bool one_ended = std::any_of(states_.begin(), states_.end(), [](const auto& entry) {
        return entry.second.files && namespace_of(entry.second.process) != entry.first;
    });
    // Another process may live in the namespace whose representative has ended.
    if (one_ended || look_for_new || has_unknown())
        add_new();
    let_go_of_ended();
}

void KernelCounts::sample_start() {
    states_.clear();
    add_new();
    for (auto& [netns, state] : states_)
        state.samples = sample_counters(state.files);
}

void KernelCounts::sample_end() {
    refresh(true);
    for (auto& [netns, state] : states_)
        state.samples = sample_counters(state.files);
}

Cuts KernelCounts::settle(const EventTimes& times, TcpCounters State::*target) {
    static const std::vector<std::uint64_t> none;
    Cuts cuts;
    for (auto& [netns, state] : states_) {
        if (state.samples.empty())
            continue;
        const auto found = times.find(netns);
        const Boundary boundary =
            choose_boundary(state.samples, found == times.end() ? none : found->second);
        state.*target = boundary.sample.counters;
        state.ambiguous += boundary.ambiguous;
        state.samples.clear();
        cuts[netns] = boundary.sample.before_ns;
    }
    return cuts;
}

Cuts KernelCounts::settle_start(const EventTimes& times) {
    Cuts cuts = settle(times, &State::base);
    for (auto& [netns, state] : states_)
        state.last = state.base;
    return cuts;
}

Cuts KernelCounts::settle_end(const EventTimes& times) {
    return settle(times, &State::last);
}

KernelCounts::Sum KernelCounts::sum() const {
    Sum sum;
    for (const auto& [netns, state] : states_) {
        sum.entered +=
            state.carried + state.last.entered(counted_at_) - state.base.entered(counted_at_);
        sum.overflow += state.carried_overflow + state.last.tw_overflow - state.base.tw_overflow;
        sum.vanished += state.never_read ? 1 : 0;
        sum.namespaces += 1;
        sum.ambiguous += state.ambiguous;
    }
    sum.unchecked = unchecked_;
    return sum;
}

} // namespace twtrace
