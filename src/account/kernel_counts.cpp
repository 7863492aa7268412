#include "account/kernel_counts.h"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>

#include "account/namespaces.h"
#include "model/timestamp.h"
#include "twtrace/wire.h"
#include "util/descriptors.h"
#include "util/fd.h"

namespace twtrace {

namespace {

constexpr std::uint64_t release_delay_ns = 100'000'000; // after the end of a namespace

bool no_descriptor_is_left() {
    return !Fd(open("/", O_PATH | O_CLOEXEC)) && means_no_descriptor(errno);
}

// What was lost since then. A count may be -1: a retraction was lost whose entry was not.
std::uint64_t since(std::uint64_t lost, std::uint64_t then) {
    const auto rise = static_cast<std::int64_t>(lost - then);
    return rise > 0 ? static_cast<std::uint64_t>(rise) : 0;
}

} // namespace

bool KernelCounts::is_chosen(std::uint32_t netns) const {
    return only_.empty() || std::find(only_.begin(), only_.end(), netns) != only_.end();
}

KernelCounts::Seen& KernelCounts::seen(std::uint64_t id) {
    const auto [found, is_new] = seen_.try_emplace(id);
    if (is_new) {
        const std::uint64_t first_ns = table_.counts(id).first_ns;
        found->second.first_ns = first_ns != 0 ? first_ns : monotonic_now_ns();
        find_later(id, 0);
    }
    return found->second;
}

// An open namespace with this inode number is the latest one: the kernel does not reuse the number
// of a namespace whose files are open.
void KernelCounts::find_later(std::uint64_t id, std::uint32_t pid) {
    const auto found = states_.find(static_cast<std::uint32_t>(id));
    if (found == states_.end()) {
        to_find_[id] = pid;
        return;
    }
    State& state = found->second;
    const Seen& one = seen_[id];
    if (state.id != 0
            ? one.first_ns > seen_[state.id].first_ns
            : one.entries() == 0 || has_counted(state.files.read().value_or(state.last), one))
        assign(state, id);
}

// False: these counters, read after those entries, are of another namespace, which has the inode
// number of this one and had no entry so far.
bool KernelCounts::has_counted(const TcpCounters& counters, const Seen& one) const {
    return counted_at_ == CountedAt::End || counters.entered(counted_at_) > 0 || one.entries() == 0;
}

// A released namespace may be found again.
void KernelCounts::assign(State& state, std::uint64_t id) {
    state.id = id;
    Seen& one = seen_[id];
    state.base = one.released_ns != 0 ? one.at_release : state.opened;
    if (one.released_ns != 0)
        state.filtered_base = 0; // it was removed from the table
    state.filtered_last = table_.counts(id).filtered;
    one.released_ns = 0;
    one.begun_ns = state.begun_ns;
    one.after_release = one.events;
}

void KernelCounts::announce(std::uint64_t id, std::uint32_t pid) {
    seen(id);
    find_later(id, pid);
}

bool KernelCounts::is_open(std::uint64_t id) const {
    const auto state = states_.find(static_cast<std::uint32_t>(id));
    return state != states_.end() && state->second.id == id;
}

std::uint32_t KernelCounts::latest_mix(std::uint32_t inode) const {
    const auto state = states_.find(inode);
    if (state != states_.end() && state->second.id != 0)
        return static_cast<std::uint32_t>(state->second.id >> 32U);
    const auto latest = latest_seen(inode);
    return latest == seen_.end() ? 0 : static_cast<std::uint32_t>(latest->first >> 32U);
}

std::uint64_t KernelCounts::unverified_of(std::uint64_t id, const Seen& seen) const {
    if (is_open(id) && has_counted(states_.at(static_cast<std::uint32_t>(id)).last, seen))
        return 0;
    return seen.after_release + seen.filtered + seen.lost;
}

// The process that was running is most likely in the namespace. This avoids a walk over all
// processes.
void KernelCounts::add_by_process() {
    std::vector<std::uint32_t> opened;
    for (const auto& [id, pid] : std::exchange(to_find_, {})) {
        const NamespaceFile file{static_cast<std::uint32_t>(id),
                                 fmt::format("/proc/{}/ns/net", pid)};
        const bool is_accessible =
            is_chosen(file.inode) && !states_.contains(file.inode) && pid != 0 && leads_into(file);
        auto files = is_accessible ? NetFiles::open(file, counted_at_)
                                   : tl::unexpected<Unreadable>(Unreadable::Ended);
        if (files)
            opened.push_back(open_new(file, *std::move(files)));
        else
            to_find_[id] = pid;
    }
    identify(opened);
}

bool KernelCounts::add_new() {
    const auto wanted = std::exchange(to_find_, {});
    std::unordered_map<std::uint32_t, Unreadable> refused;
    std::vector<std::uint32_t> opened;
    for (const auto& [netns, path] : find_namespace_files()) {
        if (!is_chosen(netns))
            continue;
        const NamespaceFile file{netns, path};
        if (const auto known = states_.find(netns); known != states_.end())
            use_file(known->second, file);
        else if (auto files = NetFiles::open(file, counted_at_))
            opened.push_back(open_new(file, *std::move(files)));
        else
            refused[netns] = files.error();
    }
    identify(opened);
    const bool is_exhausted = !wanted.empty() && no_descriptor_is_left(); // then it found none
    for (const auto& [id, pid] : wanted) {
        Seen& one = seen_[id];
        const auto found = refused.find(static_cast<std::uint32_t>(id));
        if (is_exhausted)
            one.why_unreadable = Unreadable::NoDescriptor;
        else if (found != refused.end() && found->second != Unreadable::Ended)
            one.why_unreadable = found->second;
        one.entries_when_tried = one.entries();
    }
    // Also if the process that led into it has ended: another one may be in it.
    if (sampled_until_ns_ == 0)
        for (const auto& [netns, why] : refused)
            with_history_.insert(netns);
    return std::any_of(refused.begin(), refused.end(),
                       [](const auto& one) { return one.second == Unreadable::Ended; });
}

std::uint32_t KernelCounts::open_new(const NamespaceFile& file, NetFiles files) {
    State& state = states_[file.inode];
    state.last = files.read().value_or(TcpCounters{});
    state.files = std::move(files);
    use_file(state, file);
    return file.inode;
}

// Finds out which of the namespaces that were seen these are, which were just opened.
void KernelCounts::identify(const std::vector<std::uint32_t>& opened) {
    const auto has_entries = [&](std::uint32_t netns) {
        return states_[netns].last.entered(counted_at_) > 0;
    };
    // A new one with entries is in the table, although its announcement may not have been read.
    if (std::any_of(opened.begin(), opened.end(), [&](std::uint32_t netns) {
            return has_entries(netns) && latest_seen(netns) != seen_.end();
        }))
        read_table();
    for (const std::uint32_t netns : opened) {
        State& state = states_[netns];
        const auto latest = latest_seen(netns);
        const bool with_history = with_history_.erase(netns) > 0;
        // A released namespace, or a new one without events so far.
        const bool is_known =
            latest != seen_.end() &&
            (latest->second.released_ns == 0 || (has_entries(netns) && !with_history)) &&
            has_counted(state.last, latest->second);
        if (with_history)
            begin_now(state, is_known ? latest->first : 0);
        if (is_known)
            assign(state, latest->first);
    }
}

// What a namespace counted before the run is not known: it is compared from now on.
void KernelCounts::begin_now(State& state, std::uint64_t id) {
    const auto samples = sample_counters(state.files, table_, id);
    if (samples.empty()) { // it can't be read
        state.opened = state.base = state.last;
        return;
    }
    const auto [start, ambiguous] = quietest_boundary(samples, counted_at_);
    state.opened = state.base = state.last = start.counters;
    state.begun_ns = start.before_ns;
    state.ambiguous += ambiguous;
    if (id == 0)
        return;
    Seen& one = seen_[id];
    one.filtered = start.unsent.filtered;
    one.lost = since(start.unsent.lost, one.lost_before);
    ended_.unverified.add(one.why_unreadable, unverified_of(id, one));
    ended_.filtered += one.filtered;
    state.filtered_base = state.filtered_last = one.filtered;
    one.events = one.after_release = 0;
}

// The latest namespace with this inode number.
KernelCounts::SeenMap::const_iterator KernelCounts::latest_seen(std::uint32_t inode) const {
    auto latest = seen_.end();
    for (auto one = seen_.begin(); one != seen_.end(); ++one)
        if (static_cast<std::uint32_t>(one->first) == inode &&
            (latest == seen_.end() || one->second.first_ns > latest->second.first_ns))
            latest = one;
    return latest;
}

// Of namespaces that could not be opened, those with more entries since may still exist.
void KernelCounts::keep_trying() {
    for (auto& [id, one] : seen_)
        if (one.entries() != one.entries_when_tried && unverified_of(id, one) != 0)
            find_later(id, 0);
    constexpr std::size_t max_seen = TWTRACE_NETNS_MAX / 2;
    if (seen_.size() > max_seen)
        forget_oldest();
}

void KernelCounts::forget_oldest() {
    last_counted_ = nullptr;
    constexpr std::ptrdiff_t kept = 500; // of more than max_seen
    std::vector<std::uint64_t> times;
    for (const auto& [id, one] : seen_)
        times.push_back(one.first_ns);
    const auto oldest_kept = times.end() - kept;
    std::nth_element(times.begin(), oldest_kept, times.end());
    std::erase_if(seen_, [&](const auto& entry) {
        const auto& [id, one] = entry;
        if (one.first_ns >= *oldest_kept || is_open(id))
            return false;
        ended_.unverified.add(one.why_unreadable, unverified_of(id, one));
        ended_.filtered += one.filtered;
        table_.forget(id);
        return true;
    });
}

void KernelCounts::use_file(State& state, const NamespaceFile& file) {
    if (state.ended_ns == 0 && state.namespace_file.path == file.path)
        return;
    state.namespace_file = file;
    state.ended_ns = 0;
    watch_.follow(file);
}

void KernelCounts::mark_ended() {
    for (auto& [netns, state] : states_)
        if (state.ended_ns == 0 && !leads_into(state.namespace_file))
            state.ended_ns = monotonic_now_ns();
}

void KernelCounts::note_ends() {
    if (watch_.any_ended())
        mark_ended();
}

std::optional<std::uint64_t> KernelCounts::release_due_ns() const {
    std::optional<std::uint64_t> due;
    for (const auto& [netns, state] : states_)
        if (state.ended_ns != 0)
            due = std::min(due.value_or(state.ended_ns + release_delay_ns),
                           state.ended_ns + release_delay_ns);
    return due;
}

void KernelCounts::release_ended() {
    const auto due = release_due_ns();
    const std::uint64_t now = monotonic_now_ns();
    if (!due || now < *due)
        return;
    add_new(); // another process may live in the namespace whose representative has ended
    const auto is_due = [&](const State& state) {
        return state.ended_ns != 0 && now >= state.ended_ns + release_delay_ns;
    };
    // In this order: a namespace whose entry the kernel has counted is in the table, if that has
    // room.
    for (auto& [netns, state] : states_)
        if (is_due(state)) {
            read_one(state);
            state.read_ns = monotonic_now_ns();
        }
    read_table();
    for (auto entry = states_.begin(); entry != states_.end();) {
        if (is_due(entry->second)) {
            release(entry->first, entry->second);
            entry = states_.erase(entry);
        } else {
            ++entry;
        }
    }
}

void KernelCounts::release(std::uint32_t netns, State& state) {
    if (state.id == 0 && state.last.entered(counted_at_) > state.base.entered(counted_at_)) {
        const auto latest = latest_seen(netns);
        if (latest != seen_.end() && has_counted(state.last, latest->second))
            assign(state, latest->first);
    }
    if (state.id != 0 && !has_counted(state.last, seen_[state.id])) {
        state.id = 0;
        state.filtered_last = state.filtered_base;
    }
    add_to_sum(state, ended_);
    watch_.forget(netns);
    if (state.id == 0) {
        if (state.last.entered(counted_at_) > 0)
            with_history_.insert(netns); // it may be found again
        return;
    }
    Seen& one = seen_[state.id]; // events until now are counted, even if they arrive later
    one.released_ns = state.read_ns;
    one.after_release = 0;
    one.at_release = state.last;
    one.filtered = one.lost = one.lost_before = 0;
    table_.forget(state.id);
}

void KernelCounts::refresh(bool every_second) {
    if (every_second) {
        keep_trying();
        mark_ended(); // includes those that EndWatch could not report
    }
    if (has_unknown())
        add_by_process();
    if (has_unknown())
        add_new();
}

void KernelCounts::read_one(State& state) {
    state.last = state.files.read().value_or(state.last);
    state.filtered_last = table_.counts(state.id).filtered;
}

// A namespace is in the table although its announcement may not have been read, or found the ring
// full.
void KernelCounts::read_table() {
    for (const auto& [id, counts] : table_.all()) {
        Seen& one = seen(id);
        one.filtered = counts.filtered;
        one.lost = since(counts.lost, one.lost_before);
    }
}

void KernelCounts::read() {
    read_table();
    for (auto& [netns, state] : states_)
        read_one(state);
}

void KernelCounts::sample_all() {
    sampled_from_ns_ = monotonic_now_ns();
    if (add_new() && sampled_until_ns_ == 0) {
        with_history_.clear();
        add_new(); // by other processes
    }
    read_table();
    for (auto& [netns, state] : states_)
        state.samples = sample_counters(state.files, table_, state.id);
    sampled_until_ns_ = monotonic_now_ns();
}

void KernelCounts::sample_start() {
    states_.clear();
    sample_all();
    for (auto& [id, one] : seen_)
        if (!is_open(id)) {
            one.lost_before = std::exchange(one.lost, 0);
            lost_outside_ += one.lost_before;
        }
}

void KernelCounts::sample_end() {
    read_table();
    sample_all();
}

CounterTimes KernelCounts::choose_sample(const EventTimes& times, TcpCounters State::*target,
                                         std::uint64_t State::*filtered) {
    static const std::vector<std::uint64_t> none;
    CounterTimes read_at;
    for (auto& [netns, state] : states_) {
        if (state.samples.empty())
            continue;
        const auto found = times.find(netns);
        const Boundary boundary =
            choose_boundary(state.samples, found == times.end() ? none : found->second);
        state.*target = boundary.sample.counters;
        state.*filtered = boundary.sample.unsent.filtered;
        state.lost = since(boundary.sample.unsent.lost, 0);
        state.ambiguous += boundary.ambiguous;
        state.samples.clear();
        read_at[netns] = boundary.sample.before_ns;
    }
    return read_at;
}

CounterTimes KernelCounts::choose_start(const EventTimes& times) {
    CounterTimes read_at = choose_sample(times, &State::base, &State::filtered_base);
    for (auto& [netns, state] : states_) {
        state.opened = state.last = state.base;
        state.filtered_last = state.filtered_base;
        if (state.id != 0) {
            Seen& one = seen_[state.id];
            one.lost_before = state.lost;
            one.lost = since(one.lost, one.lost_before);
            lost_outside_ += one.lost_before;
        }
    }
    return read_at;
}

CounterTimes KernelCounts::choose_end(const EventTimes& times) {
    auto read_at = choose_sample(times, &State::last, &State::filtered_last);
    for (const auto& [netns, at] : read_at) {
        const State& state = states_[netns];
        lost_outside_ += since(table_.counts(state.id).lost, state.lost);
    }
    return read_at;
}

void KernelCounts::add_to_sum(const State& state, Sum& sum) const {
    const std::uint64_t base = state.base.entered(counted_at_);
    sum.entered += std::max(state.last.entered(counted_at_), base) - base;
    sum.filtered += state.filtered_last - std::min(state.filtered_last, state.filtered_base);
    sum.overflow +=
        state.last.tw_overflow - std::min(state.last.tw_overflow, state.base.tw_overflow);
    sum.namespaces += 1;
    sum.ambiguous += state.ambiguous;
}

KernelCounts::Sum KernelCounts::sum() const {
    Sum sum = ended_;
    sum.lost_outside = lost_outside_;
    for (const auto& [netns, state] : states_)
        add_to_sum(state, sum);
    for (const auto& [id, one] : seen_) {
        sum.unverified.add(one.why_unreadable, unverified_of(id, one));
        sum.filtered += is_open(id) ? 0 : one.filtered;
    }
    return sum;
}

} // namespace twtrace
