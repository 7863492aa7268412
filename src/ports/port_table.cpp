#include "ports/port_table.h"

#include <algorithm>
#include <span>

namespace twtrace {

namespace {

constexpr std::uint32_t minute_ms = 60'000;
constexpr std::uint8_t no_timestamps = 1;
constexpr std::uint8_t has_timestamps = 2;
constexpr std::size_t min_slots = 4;

std::uint32_t ms_of(std::uint64_t ns) {
    return static_cast<std::uint32_t>(ns / 1'000'000);
}

} // namespace

PortTable::Slot PortTable::slot_of(const HeldPort& held) {
    Slot slot;
    slot.since_ms = ms_of(held.since_ns);
    slot.port = held.port;
    slot.holder = held.holder;
    if (held.timestamps)
        slot.timestamps = *held.timestamps ? has_timestamps : no_timestamps;
    return slot;
}

std::uint32_t PortTable::age_ms(const Slot& slot, std::uint64_t now_ns) {
    const auto age = static_cast<std::int32_t>(ms_of(now_ns) - slot.since_ms);
    return age > 0 ? static_cast<std::uint32_t>(age) : 0;
}

bool PortTable::is_over(const Slot& slot, std::uint64_t now_ns) {
    return slot.holder != PortHolder::Open && age_ms(slot, now_ns) > minute_ms;
}

// The slot of the port, or the slot for it; the table has a free slot. Ports that connect() picks
// one after the other, even ones first, get slots one after the other.
PortTable::Slot* PortTable::find(std::uint16_t port) {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = (port / 2U + port % 2U * (slots_.size() / 2)) & mask;
    while (slots_[at].port != 0 && slots_[at].port != port)
        at = (at + 1) & mask;
    return &slots_[at];
}

// now_ns: entries that have expired by then are left out.
void PortTable::resize(std::size_t slots, std::optional<std::uint64_t> now_ns) {
    std::vector<Slot> before(slots);
    before.swap(slots_);
    used_ = 0;
    for (const Slot& slot : before)
        if (slot.port != 0 && !(now_ns && is_over(slot, *now_ns))) {
            *find(slot.port) = slot;
            ++used_;
        }
}

PortTable::Slot* PortTable::find_latest(std::uint16_t port) {
    for (std::size_t at = 0; at < latest_used_; ++at)
        if (latest_[at].port == port)
            return &latest_[at];
    return nullptr;
}

void PortTable::write_latest() {
    for (std::size_t at = 0; at < latest_used_; ++at) {
        if (slots_.empty() || used_ * 4 >= slots_.size() * 3)
            resize(std::max(min_slots, slots_.size() * 2), std::nullopt);
        Slot* slot = find(latest_[at].port);
        used_ += slot->port == 0 ? 1 : 0;
        *slot = latest_[at];
    }
    latest_used_ = 0;
}

void PortTable::add(const HeldPort& held, std::uint64_t times) {
    const Slot slot = slot_of(held);
    if (held.port == 0 || times != 1)
        return add_unnamed(slot, times);
    if (Slot* known = find_latest(held.port)) {
        *known = slot;
        return;
    }
    if (latest_used_ == latest_.size())
        write_latest();
    latest_[latest_used_++] = slot;
}

// Dated to the end of its second, so that a port is not called reusable too early.
void PortTable::add_unnamed(Slot slot, std::uint64_t times) {
    slot.port = 0;
    slot.since_ms = slot.since_ms / 1000 * 1000 + 999;
    for (auto one = unnamed_.rbegin(); one != unnamed_.rend(); ++one)
        if (one->slot.since_ms == slot.since_ms && one->slot.holder == slot.holder &&
            one->slot.timestamps == slot.timestamps) {
            one->times += times;
            return;
        }
    unnamed_.push_back({slot, times});
}

void PortTable::forget_older(std::uint64_t now_ns) {
    std::erase_if(unnamed_, [&](const Unnamed& one) { return is_over(one.slot, now_ns); });
    if (!slots_.empty())
        write_latest();
    const auto is_old = [&](const Slot& slot) { return is_over(slot, now_ns); };
    latest_used_ = static_cast<std::uint32_t>(
        std::remove_if(latest_.begin(), latest_.begin() + latest_used_, is_old) - latest_.begin());
    const auto over =
        static_cast<std::size_t>(std::count_if(slots_.begin(), slots_.end(), [&](const Slot& slot) {
            return slot.port != 0 && is_old(slot);
        }));
    if (over == 0)
        return;
    std::size_t slots = min_slots;
    while ((used_ - over) * 4 >= slots * 3)
        slots *= 2;
    resize(slots, now_ns);
}

template <typename Visit>
void PortTable::each(std::uint64_t now_ns, Visit&& visit) const {
    const std::span latest(latest_.data(), latest_used_);
    const auto is_latest = [&](const Slot& slot) {
        return std::any_of(latest.begin(), latest.end(),
                           [&](const Slot& later) { return later.port == slot.port; });
    };
    for (const Slot& slot : slots_)
        if (slot.port != 0 && !is_over(slot, now_ns) && !is_latest(slot))
            visit(slot, 1.0);
    for (const Slot& slot : latest)
        if (!is_over(slot, now_ns))
            visit(slot, 1.0);
    for (const Unnamed& one : unnamed_)
        if (!is_over(one.slot, now_ns))
            visit(one.slot, static_cast<double>(one.times));
}

PortCount PortTable::count(std::uint64_t now_ns, const PortRules& rules, const Address& local,
                           const Address& remote) const {
    PortCount count;
    const auto after_s = rules.reuse_after(local, remote);
    double with_timestamps = 0;
    double reusable_if_timestamps = 0; // reusable if the connection had timestamps
    each(now_ns, [&](const Slot& slot, double times) {
        count.taken += times;
        count.open += slot.holder == PortHolder::Open ? times : 0;
        count.without_timestamps += slot.timestamps == no_timestamps ? times : 0;
        with_timestamps += slot.timestamps == has_timestamps ? times : 0;
        if (!after_s || slot.holder != PortHolder::TimeWait || slot.timestamps == no_timestamps ||
            age_ms(slot, now_ns) < *after_s * 1000)
            return;
        (slot.timestamps == has_timestamps ? count.reusable : reusable_if_timestamps) += times;
    });
    if (with_timestamps >= count.without_timestamps)
        count.reusable += reusable_if_timestamps;
    if (rules.usable > 0 && count.taken > rules.usable) { // of those without a known port
        const double held = std::min<double>(count.held(), rules.usable);
        count.taken = rules.usable;
        count.reusable = count.taken - held;
    }
    return count;
}

std::array<double, 60> PortTable::by_age(std::uint64_t now_ns) const {
    std::array<double, 60> ages{};
    each(now_ns, [&](const Slot& slot, double times) {
        if (slot.holder != PortHolder::Open)
            ages[std::min<std::size_t>(age_ms(slot, now_ns) / 1000, ages.size() - 1)] += times;
    });
    return ages;
}

} // namespace twtrace
