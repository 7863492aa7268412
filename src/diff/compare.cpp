#include "diff/compare.h"

#include <algorithm>
#include <cmath>

namespace twtrace {

namespace {

DiffRow::Values values_of(const DiffSide& side, const DiffKey& key, const DiffNumbers& numbers) {
    return {side.rate(numbers.counts.time_wait), numbers.counts, side.port_use(key),
            numbers.lifetimes.median_below_us()};
}

// Numbers in titles differ, so findings are compared by rule, service and peer.
bool is_same(const doctor::Finding& a, const doctor::Finding& b) {
    return a.id == b.id && a.service == b.service && a.remote == b.remote &&
           a.service_port == b.service_port;
}

std::vector<const doctor::Finding*> only_in(const DiffSide& side, const DiffSide& other) {
    std::vector<const doctor::Finding*> only;
    for (const doctor::Finding& finding : side.findings)
        if (std::none_of(other.findings.begin(), other.findings.end(),
                         [&](const auto& one) { return is_same(one, finding); }))
            only.push_back(&finding);
    return only;
}

bool is_worth_a_row(const Counts& counts) {
    return counts.time_wait > 0 || counts.port_exhausted > 0;
}

} // namespace

void DiffSide::add(const Event& event, std::uint64_t times) {
    if (event.retracts && event.time_ns == 0) {
        totals_.retract(times);
        return;
    }
    totals_.add(event.type, event.stage, times);
    DiffKey key;
    key.service = event.service();
    key.role = event.role;
    key.port = event.service_port();
    if (event.role == Role::Client)
        key.remote = event.remote;
    auto found = rows_.find(key);
    if (found == rows_.end()) {
        if (rows_.size() >= max_rows) {
            key.remote = {};
            key.port = 0;
        }
        found = rows_.try_emplace(key).first;
    }
    found->second.counts.add(event.type, event.stage, times);
    if (found->second.remote_service.empty() && found->first.remote.family != 0)
        found->second.remote_service = event.remote_service;
    if (event.type == EventType::TimeWait)
        if (const auto lifetime = event.lifetime_us())
            found->second.lifetimes.add(*lifetime);
}

void DiffSide::take_ports(const PortsHeld& held) {
    held.each([&](const HeldKey& key, const PortCount& count, const auto& /*users*/) {
        const std::uint32_t usable = held.rules_of(key.netns).usable;
        if (usable == 0 || worst_ports_.size() > max_rows)
            return;
        double& worst = worst_ports_[{key.remote, key.port}];
        worst = std::max(worst, count.taken / usable);
    });
}

std::optional<double> DiffSide::port_use(const DiffKey& key) const {
    if (key.role != Role::Client)
        return std::nullopt;
    const auto found = worst_ports_.find({key.remote, key.port});
    return found == worst_ports_.end() ? std::nullopt : std::optional(found->second);
}

Diff compare(const DiffSide& before, const DiffSide& after) {
    Diff diff;
    diff.before = &before;
    diff.after = &after;
    for (const auto& [key, numbers] : before.rows()) {
        const auto later = after.rows().find(key);
        const bool has_later = later != after.rows().end() && is_worth_a_row(later->second.counts);
        if (!is_worth_a_row(numbers.counts) && !has_later)
            continue;
        DiffRow row{key, numbers.remote_service, values_of(before, key, numbers), std::nullopt};
        if (later != after.rows().end()) {
            row.after = values_of(after, key, later->second);
            if (!later->second.remote_service.empty())
                row.remote_service = later->second.remote_service;
        }
        diff.rows.push_back(std::move(row));
    }
    for (const auto& [key, numbers] : after.rows())
        if (is_worth_a_row(numbers.counts) && !before.rows().contains(key))
            diff.rows.push_back(
                {key, numbers.remote_service, std::nullopt, values_of(after, key, numbers)});
    std::stable_sort(diff.rows.begin(), diff.rows.end(), [](const DiffRow& a, const DiffRow& b) {
        return std::abs(a.change()) > std::abs(b.change());
    });
    diff.gone = only_in(before, after);
    diff.appeared = only_in(after, before);
    for (const doctor::Finding& finding : after.findings)
        if (std::find(diff.appeared.begin(), diff.appeared.end(), &finding) == diff.appeared.end())
            diff.still.push_back(&finding);
    return diff;
}

} // namespace twtrace
