#include "app/surroundings.h"

#include <algorithm>

#include "account/net_settings.h"
#include "util/cpu_time.h"

namespace twtrace {

namespace {

constexpr std::uint64_t second_ns = 1'000'000'000;
constexpr std::uint64_t find_every_ns = 10 * second_ns;
constexpr std::uint64_t find_soon_ns = 2 * second_ns; // where an event came from a new one
constexpr std::uint64_t times_longer = 200;           // than it cost: half a percent
constexpr std::size_t samples = 6;                    // five seconds

PortRules rules_of(const std::optional<NetSettings>& settings) {
    if (settings)
        return port_rules_of(*settings);
    PortRules rules;
    rules.usable = read_port_range().size(); // most namespaces have the same
    return rules;
}

template <typename Work>
std::uint64_t cost_of(Work work) {
    const std::uint64_t start = cpu_now_ns();
    work();
    return cpu_now_ns() - start;
}

} // namespace

Surveyor::Surveyor(const Options& options, const EventSource& source)
    : source_(source), watch_(source.namespaces(options.filter.netns)) {
    around_.host = source.host().name;
    around_.filtered = options.filter.is_partial();
}

void Surveyor::find_namespaces() {
    const std::size_t before = watch_->views().size();
    watch_->look();
    if (watch_->views().size() != before)
        samples_.clear(); // sockets of one that is new have not risen
    around_.rules.clear();
    name_of_.clear();
    for (const auto& [inode, view] : watch_->views()) {
        around_.rules[inode] = rules_of(view.settings);
        name_of_[inode] = watch_->name_of(inode);
    }
}

void Surveyor::count_sockets() {
    watch_->count();
    around_.namespaces.clear();
    for (const auto& [inode, view] : watch_->views()) {
        NamespaceLine line;
        line.inode = inode;
        line.name = name_of_[inode];
        if (view.counts)
            line.present = view.counts->time_wait;
        if (view.settings)
            line.limit = view.settings->max_tw_buckets;
        around_.namespaces.push_back(std::move(line));
    }
}

void Surveyor::measure(std::uint64_t now_ns) {
    const Accounting& accounting = around_.accounting;
    Sample sample{now_ns, accounting.captured + accounting.lost + accounting.missed, 0};
    for (const NamespaceLine& line : around_.namespaces)
        sample.present += line.present.value_or(0);
    samples_.push_back(sample);
    if (samples_.size() > samples)
        samples_.pop_front();
    const Sample& first = samples_.front();
    if (samples_.size() < 3) // the accounting may not have had its first second
        return;
    const double passed_s = static_cast<double>(sample.at_ns - first.at_ns) / 1e9;
    const double entering = static_cast<double>(sample.entered - first.entered) / passed_s;
    const double rise =
        (static_cast<double>(sample.present) - static_cast<double>(first.present)) / passed_s;
    around_.entering = entering;
    around_.leaving = std::max(0.0, entering - rise);
}

// One that is gone, or that nothing leads to, stays unknown: it is looked for once.
void Surveyor::notice_new(const Flows& flows) {
    if (looked_for_.size() > 1000)
        looked_for_.clear();
    for (const auto& [key, flow] : flows.all())
        if (!watch_->views().contains(key.netns) && looked_for_.insert(key.netns).second)
            has_new_ = true;
}

void Surveyor::look(const Accounting& accounting, const Flows& flows, std::uint64_t now_ns) {
    around_.wall_ns = source_.wall_of(now_ns);
    around_.accounting = accounting;
    notice_new(flows);
    if (now_ns >= (has_new_ ? find_soonest_ns_ : next_find_ns_)) {
        has_new_ = false;
        const std::uint64_t cost = cost_of([this] { find_namespaces(); });
        find_soonest_ns_ = now_ns + std::max(find_soon_ns, times_longer * cost);
        next_find_ns_ = std::max(find_soonest_ns_, now_ns + find_every_ns);
        next_count_ns_ = 0;
    }
    if (now_ns >= next_count_ns_) {
        const std::uint64_t cost = cost_of([this] { count_sockets(); });
        next_count_ns_ = now_ns + times_longer * cost;
        if (samples_.empty() || now_ns - samples_.back().at_ns > second_ns * 9 / 10)
            measure(now_ns);
    }
}

} // namespace twtrace
