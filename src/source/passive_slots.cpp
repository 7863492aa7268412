#include "source/passive_slots.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <utility>

#include <fmt/format.h>
#include <sys/mman.h>

namespace twtrace {

namespace {

constexpr std::uint64_t min_frequent = 50; // between two reads

std::uint16_t port_of(const twtrace_overflow_key& key) {
    return key.role == TWTRACE_ROLE_SERVER ? key.local_port : key.remote_port;
}

// A slot has no remote address.
bool fits(const twtrace_overflow_key& key) {
    return key.type == TWTRACE_PASSIVE_CLOSE &&
           std::all_of(std::begin(key.remote_addr), std::end(key.remote_addr),
                       [](twtrace_u8 byte) { return byte == 0; });
}

twtrace_passive_slot slot_of(const twtrace_overflow_key& key) {
    twtrace_passive_slot slot{};
    slot.task = key.task;
    slot.netns = key.netns;
    slot.port = port_of(key);
    slot.family = key.family;
    slot.how = key.how;
    slot.role = key.role;
    return slot;
}

twtrace_overflow_key key_of(const twtrace_passive_slot& slot) {
    twtrace_overflow_key key{};
    key.type = TWTRACE_PASSIVE_CLOSE;
    key.task = slot.task;
    key.netns = slot.netns;
    (slot.role == TWTRACE_ROLE_SERVER ? key.local_port : key.remote_port) = slot.port;
    key.family = slot.family;
    key.how = slot.how;
    key.role = slot.role;
    return key;
}

} // namespace

std::uint64_t PassiveSlots::sum(std::size_t index) const {
    std::uint64_t sum = 0;
    for (const twtrace_passive_counts& cpu : view_.counts)
        sum += __atomic_load_n(&cpu.count[index], __ATOMIC_RELAXED);
    return sum;
}

void PassiveSlots::withdraw_if_idle(std::size_t index) {
    Slot& slot = slots_[index];
    if (slot.unchanged_reads < idle_reads)
        return;
    slot.unchanged_reads = 0;
    if (slot.state == Slot::Assigned)
        __atomic_store_n(&view_.slots[index].used, 0, __ATOMIC_RELAXED);
    slot.state = slot.state == Slot::Assigned ? Slot::Withdrawn : Slot::Free;
}

void PassiveSlots::take(std::vector<OverflowCount>& counted) {
    for (std::size_t index = 0; index < view_.slots.size(); ++index) {
        Slot& slot = slots_[index];
        if (slot.state == Slot::Free)
            continue;
        const std::uint64_t now = sum(index);
        const std::uint64_t more = now - std::exchange(slot.taken, now);
        if (more > 0)
            counted.push_back({key_of(view_.slots[index]), more});
        total_ += more;
        slot.unchanged_reads = more > 0 ? 0 : slot.unchanged_reads + 1;
        withdraw_if_idle(index);
    }
}

void PassiveSlots::offer(std::span<const OverflowCount> counted) {
    for (const OverflowCount& entry : counted) {
        if (view_.slots.empty() || entry.count < min_frequent || !fits(entry.key))
            continue;
        const std::size_t index =
            twtrace_slot_of(entry.key.task.pid, port_of(entry.key), entry.key.role);
        Slot& slot = slots_[index];
        if (slot.state != Slot::Free)
            continue;
        slot.state = Slot::Assigned;
        view_.slots[index] = slot_of(entry.key);
        __atomic_store_n(&view_.slots[index].used, 1, __ATOMIC_RELEASE);
    }
}

Result<PassiveSlotMaps> PassiveSlotMaps::map(int slots, int counts, std::size_t cpus) {
    PassiveSlotMaps maps;
    maps.cpus_ = cpus;
    maps.slots_ = Mapping(slots, TWTRACE_PASSIVE_SLOTS * sizeof(twtrace_passive_slot),
                          PROT_READ | PROT_WRITE, MAP_SHARED);
    maps.counts_ = Mapping(counts, cpus * sizeof(twtrace_passive_counts), PROT_READ, MAP_SHARED);
    if (!maps.slots_ || !maps.counts_)
        return fail(
            fmt::format("cannot map the counts of passive closes: {}", std::strerror(errno)));
    return maps;
}

PassiveSlotsView PassiveSlotMaps::view() const {
    return {{static_cast<twtrace_passive_slot*>(static_cast<void*>(slots_.bytes().data())),
             TWTRACE_PASSIVE_SLOTS},
            {static_cast<const twtrace_passive_counts*>(
                 static_cast<const void*>(counts_.bytes().data())),
             cpus_}};
}

} // namespace twtrace
