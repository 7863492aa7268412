#include "app/surroundings.h"

#include <algorithm>

#include "util/cpu_time.h"

namespace twtrace {

namespace {

constexpr std::uint64_t second_ns = 1'000'000'000;
constexpr std::uint64_t find_every_ns = 10 * second_ns;
constexpr std::uint64_t find_soon_ns = 2 * second_ns;  // after an event from a new namespace
constexpr std::uint64_t remembered_ns = 6 * second_ns; // longer than the span of rates (RateSpan)
constexpr std::uint64_t sample_ns = second_ns / 10;

} // namespace

Surveyor::Surveyor(const Options& options, const EventSource& source)
    : source_(source), watch_(source.namespaces(options.filter.netns)) {
    surroundings_.host = source.host().name;
    surroundings_.filtered = options.filter.is_partial();
}

void Surveyor::find_namespaces() {
    const std::size_t before = watch_->views().size();
    watch_->find();
    if (watch_->views().size() != before)
        surroundings_.present.clear(); // the sockets of a new namespace are not an increase
    surroundings_.rules.clear();
    name_of_.clear();
    const std::optional<NetSettings> usual = watch_->usual_settings();
    for (const auto& [inode, view] : watch_->views()) {
        const auto& settings = view.settings ? view.settings : usual;
        surroundings_.rules[inode] = settings ? port_rules_of(*settings) : PortRules();
        name_of_[inode] = watch_->name_of(inode);
    }
}

void Surveyor::count_sockets() {
    watch_->count();
    surroundings_.namespaces.clear();
    for (const auto& [inode, view] : watch_->views()) {
        NamespaceLine line;
        line.inode = inode;
        line.name = name_of_[inode];
        if (view.counts)
            line.present = view.counts->time_wait;
        if (view.settings)
            line.limit = view.settings->max_tw_buckets;
        surroundings_.namespaces.push_back(std::move(line));
    }
}

void Surveyor::measure(std::uint64_t now_ns) {
    std::uint64_t sockets = 0;
    for (const NamespaceLine& line : surroundings_.namespaces)
        sockets += line.present.value_or(0);
    auto& present = surroundings_.present;
    present.push_back({now_ns, sockets});
    while (present.front().at_ns + remembered_ns < now_ns)
        present.erase(present.begin());
}

// The accounting counts up to an earlier full second, so its entries are stored with that time.
void Surveyor::count_entries(std::uint64_t until_ns) {
    const Accounting& accounting = surroundings_.accounting;
    if (until_ns == 0 || (!samples_.empty() && samples_.back().until_ns == until_ns))
        return;
    samples_.push_back({until_ns, accounting.captured + accounting.lost + accounting.missed});
    while (samples_.front().until_ns + remembered_ns < until_ns)
        samples_.pop_front();
    const Sample& first = samples_.front();
    const Sample& last = samples_.back();
    if (last.until_ns > first.until_ns)
        surroundings_.entering_unfiltered =
            static_cast<double>(last.entered - first.entered) /
            (static_cast<double>(last.until_ns - first.until_ns) / 1e9);
}

// A namespace that is gone or can't be reached stays unknown: it is searched for once.
void Surveyor::notice_new(const Flows& flows) {
    if (searched_.size() > 1000)
        searched_.clear();
    for (const auto& [key, flow] : flows.all())
        if (!watch_->views().contains(key.netns) && searched_.insert(key.netns).second)
            has_new_ = true;
}

void Surveyor::update(const Accounting& accounting, const Flows& flows, std::uint64_t now_ns) {
    surroundings_.wall_ns = source_.wall_of(now_ns);
    surroundings_.accounting = accounting;
    count_entries(source_.accounted_until_ns());
    notice_new(flows);
    if (now_ns >= (has_new_ ? find_soonest_ns_ : next_find_ns_)) {
        has_new_ = false;
        find_soonest_ns_ = run_and_pause(now_ns, find_soon_ns, [this] { find_namespaces(); });
        next_find_ns_ = std::max(find_soonest_ns_, now_ns + find_every_ns);
        next_count_ns_ = 0;
    }
    if (now_ns >= next_count_ns_) {
        next_count_ns_ = run_and_pause(now_ns, 0, [this] { count_sockets(); });
        if (surroundings_.present.empty() ||
            now_ns - surroundings_.present.back().at_ns >= sample_ns)
            measure(now_ns);
    }
}

} // namespace twtrace
