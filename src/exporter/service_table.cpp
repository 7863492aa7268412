#include "exporter/service_table.h"

#include <algorithm>
#include <vector>

#include "util/hash.h"

namespace twtrace {

namespace {

// Services that wait for a row are counted too, so their number is bounded as well.
constexpr std::size_t waiting_per_row = 4;

} // namespace

void LifetimeCounts::add(double lifetime_s, std::uint64_t times) {
    const auto* const bound = std::lower_bound(bounds_s.begin(), bounds_s.end(), lifetime_s);
    counts[static_cast<std::size_t>(bound - bounds_s.begin())] += times;
    sum_s += lifetime_s * static_cast<double>(times);
}

bool ServiceCounts::add(const Event& event, std::uint64_t times) {
    const auto role = static_cast<std::size_t>(event.role);
    Entered& cell = entered.at(role).at(static_cast<std::size_t>(event.how));
    switch (event.type) {
    case EventType::PortExhausted:
        port_exhausted += times;
        return true;
    case EventType::PassiveClose:
        passive_close += times;
        return true;
    case EventType::Aborted:
        aborted += times;
        cell.not_to_count += event.retracts ? times : 0;
        return !event.retracts;
    case EventType::TimeWaitStart: // not requested
    case EventType::TimeWaitEnd:
        return false;
    case EventType::TimeWait:
        break;
    }
    const std::uint64_t left_out = std::min(cell.not_to_count, times);
    cell.not_to_count -= left_out;
    cell.count += times - left_out;
    if (const auto lifetime = event.lifetime_us(); lifetime && times > left_out)
        lifetimes.at(role).add(static_cast<double>(*lifetime) / 1e6, times - left_out);
    return left_out == 0;
}

std::size_t ServiceTable::Hash::operator()(const View& view) const {
    const std::hash<std::string_view> hash;
    return mix(mix(mix(mix(hash(view.service), hash(view.unit)), hash(view.container)),
                   hash(view.pod_namespace)),
               hash(view.workload));
}

const ServiceKey& ServiceTable::other_key() {
    static const ServiceKey key{std::string(other_name), "", ""};
    return key;
}

ServiceTable::View ServiceTable::view_of(const Event& event) {
    if (event.owner == nullptr || event.owner->service.empty())
        return {event.task.comm(), "", ""};
    const Owner& owner = *event.owner;
    return {owner.service, owner.unit,
            owner.container_name.empty() ? owner.container : owner.container_name,
            owner.pod_namespace, owner.workload};
}

ServiceTable::Row& ServiceTable::row_of(const View& view, std::uint64_t times) {
    const auto found = rows_.find(view);
    if (found != rows_.end())
        return found->second;
    // A service may really have that name: it shares this series.
    if (Equal()(view, other_key()))
        return other_;
    if (rows_.size() < limit_) {
        Row& row = rows_[view.key()];
        row.id = next_id_++;
        return row;
    }
    const auto waits = waiting_.find(view);
    if (waits != waiting_.end())
        waits->second += times;
    else if (waiting_.size() < waiting_per_row * limit_)
        waiting_.emplace(view.key(), times);
    return other_;
}

std::uint32_t ServiceTable::add(const Event& event, std::uint64_t times, std::uint64_t now_ns) {
    Row& row = row_of(view_of(event), times);
    row.counts.add(event, times);
    row.last_ns = now_ns;
    row.recent += times;
    return row.id;
}

// Requires twice the activity of the least active service, so that two about equal ones do not
// alternate.
bool ServiceTable::evict_idlest(std::uint64_t for_recent) {
    if (rows_.size() < limit_)
        return true;
    const auto idlest =
        std::min_element(rows_.begin(), rows_.end(), [](const auto& one, const auto& two) {
            return one.second.recent < two.second.recent;
        });
    if (idlest == rows_.end() || for_recent <= 2 * idlest->second.recent)
        return false;
    rows_.erase(idlest);
    return true;
}

void ServiceTable::promote_waiting() {
    std::vector<std::pair<std::uint64_t, const ServiceKey*>> sorted;
    for (const auto& [key, recent] : waiting_)
        sorted.emplace_back(recent, &key);
    std::sort(sorted.begin(), sorted.end(), [](const auto& one, const auto& two) {
        return one.first == two.first ? *one.second < *two.second : one.first > two.first;
    });
    for (const auto& [recent, key] : sorted) {
        if (!evict_idlest(recent))
            break;
        // Starts from 0: earlier events stay in the row where they were counted.
        Row& row = rows_[*key];
        row.id = next_id_++;
        row.recent = recent;
        row.last_ns = other_.last_ns;
    }
}

void ServiceTable::rank(std::uint64_t now_ns) {
    std::erase_if(rows_, [&](const auto& entry) {
        return now_ns > entry.second.last_ns && now_ns - entry.second.last_ns > keep_ns_;
    });
    promote_waiting();
    waiting_.clear();
    for (auto& [key, row] : rows_)
        row.recent /= 2;
}

} // namespace twtrace
