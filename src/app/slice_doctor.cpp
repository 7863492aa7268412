#include "app/slice_doctor.h"

#include <cmath>

#include "doctor/rules.h"

namespace twtrace {

namespace {

std::uint32_t rounded(double number) {
    return static_cast<std::uint32_t>(std::lround(number));
}

PortUse use_of(const HeldKey& key, const PortCount& now, const PortCount& before) {
    PortUse use;
    use.local = key.local;
    use.remote = key.remote;
    use.port = key.port;
    use.open = rounded(now.open);
    use.time_wait = rounded(now.taken - now.open);
    use.reusable = rounded(now.reusable);
    use.held_before = rounded(before.held());
    use.taken_before = rounded(before.taken);
    return use;
}

} // namespace

void SliceDoctor::fill_ports(doctor::Observations& seen, const PortsHeld& held) {
    std::map<HeldKey, PortCount> now;
    held.each([&](const HeldKey& key, const PortCount& count, const auto& /*users*/) {
        const std::uint32_t usable = held.rules_of(key.netns).usable;
        // The rules ignore a destination that takes less.
        if (usable > 0 && count.taken > 0.05 * usable)
            now.emplace(key, count);
    });
    for (const auto& [key, count] : now) {
        const auto before = before_.find(key);
        doctor::NamespaceFacts& facts = seen.namespaces[key.netns];
        facts.ports_counted = true;
        facts.ports.push_back(
            use_of(key, count, before == before_.end() ? PortCount{} : before->second));
    }
    before_ = std::move(now);
}

void SliceDoctor::judge(double now_s, NamespaceViews& namespaces, const PortsHeld& held) {
    doctor::Observations seen;
    observer_->finish(seen);
    observer_ = std::make_unique<doctor::Observer>();
    seen.seconds = now_s - begin_s_;
    seen.between_counts_s = seen.seconds;
    for (const auto& [inode, view] : namespaces.views()) {
        doctor::NamespaceFacts& facts = seen.namespaces[inode];
        facts.settings = view.settings;
        facts.counts = view.counts;
    }
    fill_ports(seen, held);
    marks_.add({begin_s_, now_s}, doctor::diagnose(seen));
    begin_s_ = now_s;
}

void SliceDoctor::finish(double end_s, NamespaceViews& namespaces, const PortsHeld& held) {
    if (end_s - begin_s_ >= marks_.slice_s() / 2 || begin_s_ == 0)
        judge(end_s, namespaces, held);
}

} // namespace twtrace
