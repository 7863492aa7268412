#include "account/kernel_counts.h"

#include <algorithm>
#include <utility>

#include "account/namespaces.h"
#include "model/timestamp.h"

namespace twtrace {

bool KernelCounts::wanted(std::uint32_t netns) const {
    return only_.empty() || std::find(only_.begin(), only_.end(), netns) != only_.end();
}

void KernelCounts::add_new() {
    for (auto& [netns, path] : find_namespace_files()) {
        if (!wanted(netns))
            continue;
        NamespaceFile way{netns, path};
        if (const auto known = states_.find(netns); known != states_.end() && known->second.files) {
            known->second.way = std::move(way);
            continue;
        }
        if (NetFiles files = NetFiles::open(way, counted_at_))
            open_new(way, std::move(files));
    }
    for (const auto& [netns, events] : unknown_)
        states_[netns].unchecked += events; // asked for once
    unknown_.clear();
}

void KernelCounts::open_new(const NamespaceFile& way, NetFiles files) {
    State& state = states_[way.inode];
    // An inode is used again once its namespace has ended: what the old one counted stays in the
    // sum.
    state.carried += state.last.entered(counted_at_) - state.base.entered(counted_at_);
    state.carried_overflow += state.last.tw_overflow - state.base.tw_overflow;
    state.base = {};
    state.last = files.read().value_or(TcpCounters{});
    state.files = std::move(files);
    state.way = way;
    state.ending = false;
    unknown_.erase(way.inode);
}

void KernelCounts::let_go_of_ended() {
    for (auto& [netns, state] : states_) {
        const bool was_ending = std::exchange(state.ending, state.files && !leads_into(state.way));
        if (!state.ending || !was_ending)
            continue;
        state.last = state.files.read().value_or(state.last);
        state.files = NetFiles();
        noticed_ = 0;
    }
}

void KernelCounts::refresh(bool look_for_new) {
    const bool one_ended = std::any_of(states_.begin(), states_.end(), [](const auto& entry) {
        return entry.second.files && !leads_into(entry.second.way);
    });
    // Another process may live in the namespace whose representative has ended.
    if (one_ended || look_for_new || has_unknown())
        add_new();
    let_go_of_ended();
}

void KernelCounts::read() {
    for (auto& [netns, state] : states_)
        state.last = state.files.read().value_or(state.last);
}

void KernelCounts::sample_all() {
    sampled_from_ns_ = monotonic_now_ns();
    add_new();
    for (auto& [netns, state] : states_)
        state.samples = sample_counters(state.files);
    sampled_until_ns_ = monotonic_now_ns();
}

void KernelCounts::sample_start() {
    states_.clear();
    sample_all();
}

void KernelCounts::sample_end() {
    sample_all();
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
        sum.vanished += state.unchecked > 0 ? 1 : 0;
        sum.unchecked += state.unchecked;
        sum.namespaces += 1;
        sum.ambiguous += state.ambiguous;
    }
    return sum;
}

} // namespace twtrace
