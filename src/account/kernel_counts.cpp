#include "account/kernel_counts.h"

#include <algorithm>
#include <utility>

#include "account/namespaces.h"
#include "model/timestamp.h"

namespace twtrace {

namespace {

constexpr std::uint64_t rest_ns = 100'000'000; // from the end of a namespace to its release

} // namespace

bool KernelCounts::wanted(std::uint32_t netns) const {
    return only_.empty() || std::find(only_.begin(), only_.end(), netns) != only_.end();
}

void KernelCounts::add_new() {
    for (auto& [netns, unknown] : unknown_)
        unknown.why = Unreadable::Ended; // unless it is found
    for (auto& [netns, path] : find_namespace_files()) {
        if (!wanted(netns))
            continue;
        const NamespaceFile way{netns, path};
        if (const auto known = states_.find(netns); known != states_.end()) {
            use_way(known->second, way);
            continue;
        }
        if (auto files = NetFiles::open(way, counted_at_))
            open_new(way, *std::move(files));
        else if (const auto unknown = unknown_.find(netns); unknown != unknown_.end())
            unknown->second.why = files.error();
    }
    for (auto& [netns, unknown] : unknown_) {
        unknown.tried = true;
        unknown.events_when_tried = unknown.events;
    }
    has_unknown_ = false;
}

void KernelCounts::open_new(const NamespaceFile& way, NetFiles files) {
    State& state = states_[way.inode];
    state.opened_ns = monotonic_now_ns();
    state.last = files.read().value_or(TcpCounters{});
    state.counted_when_opened = state.last.entered(counted_at_);
    state.files = std::move(files);
    use_way(state, way);
    if (const auto unknown = unknown_.find(way.inode); unknown != unknown_.end()) {
        state.early = unknown->second.events;
        unknown_.erase(unknown);
    }
}

// Of namespaces that could not be opened, those with more hand-overs since may be new ones.
void KernelCounts::keep_trying() {
    constexpr std::size_t most = 10'000;
    for (auto& [netns, unknown] : unknown_) {
        unknown.tried = false;
        has_unknown_ = has_unknown_ || unknown.events != unknown.events_when_tried;
        if (unknown_.size() > most)
            ended_.unverified.add(unknown.why, std::exchange(unknown.events, 0));
    }
    if (unknown_.size() > most)
        unknown_.clear();
}

void KernelCounts::use_way(State& state, const NamespaceFile& way) {
    if (state.ended_ns == 0 && state.way.path == way.path)
        return;
    state.way = way;
    state.ended_ns = 0;
    watch_.follow(way);
}

void KernelCounts::mark_ended() {
    for (auto& [netns, state] : states_)
        if (state.ended_ns == 0 && !leads_into(state.way))
            state.ended_ns = monotonic_now_ns();
}

void KernelCounts::note_ends() {
    if (watch_.take())
        mark_ended();
}

std::optional<std::uint64_t> KernelCounts::release_due_ns() const {
    std::optional<std::uint64_t> due;
    for (const auto& [netns, state] : states_)
        if (state.ended_ns != 0)
            due = std::min(due.value_or(state.ended_ns + rest_ns), state.ended_ns + rest_ns);
    return due;
}

void KernelCounts::release_ended() {
    const auto due = release_due_ns();
    const std::uint64_t now = monotonic_now_ns();
    if (!due || now < *due)
        return;
    add_new(); // another process may live in the namespace whose representative has ended
    for (auto entry = states_.begin(); entry != states_.end();) {
        State& state = entry->second;
        if (state.ended_ns == 0 || now < state.ended_ns + rest_ns) {
            ++entry;
            continue;
        }
        state.last = state.files.read().value_or(state.last);
        add_to_sum(state, ended_);
        watch_.forget(entry->first);
        noticed_ = 0;
        entry = states_.erase(entry);
    }
}

void KernelCounts::refresh(bool every_second) {
    if (every_second) {
        keep_trying();
        mark_ended(); // also those of which EndWatch could not tell
    }
    if (has_unknown())
        add_new();
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
    for (auto& [netns, state] : states_)
        state.opened_ns = 0;
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

void KernelCounts::add_to_sum(const State& state, Sum& sum) const {
    sum.entered += state.last.entered(counted_at_) - state.base.entered(counted_at_);
    sum.overflow += state.last.tw_overflow - state.base.tw_overflow;
    sum.namespaces += 1;
    sum.ambiguous += state.ambiguous;
    // The kernel gives an inode number again. What this namespace had not counted by then happened
    // in an earlier one.
    if (state.early > state.counted_when_opened)
        sum.unverified.add(Unreadable::Ended, state.early - state.counted_when_opened);
}

KernelCounts::Sum KernelCounts::sum() const {
    Sum sum = ended_;
    for (const auto& [netns, state] : states_)
        add_to_sum(state, sum);
    for (const auto& [netns, unknown] : unknown_)
        sum.unverified.add(unknown.why, unknown.events);
    return sum;
}

} // namespace twtrace
