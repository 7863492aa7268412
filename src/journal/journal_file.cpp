#include "journal/journal_file.h"

#include <cstring>

namespace twtrace {

namespace {

// The finaliser of splitmix64: every bit of the input reaches every bit of the output.
std::uint64_t scramble(std::uint64_t seed, std::uint64_t value) {
    std::uint64_t mixed = seed + 0x9E3779B97F4A7C15ULL + value;
    mixed = (mixed ^ mixed >> 30U) * 0xBF58476D1CE4E5B9ULL;
    mixed = (mixed ^ mixed >> 27U) * 0x94D049BB133111EBULL;
    return mixed ^ mixed >> 31U;
}

// Odd: each takes one part of a key, so that equal parts in other places make another key.
constexpr std::array<std::uint64_t, 7> odd{
    0x9E3779B97F4A7C15ULL, 0xBF58476D1CE4E5B9ULL, 0x94D049BB133111EBULL, 0xD6E8FEB86659FD93ULL,
    0xA0761D6478BD642FULL, 0xE7037ED1A0B428DBULL, 0x8EBC6AF09C88C6E3ULL};

} // namespace

// The parts don't wait for each other: this runs once an event.
std::uint64_t journal_key(const Event& socket, std::uint64_t seed) {
    std::array<std::uint64_t, 4> halves{};
    std::memcpy(&halves[0], socket.local.bytes.data(), 16);
    std::memcpy(&halves[2], socket.remote.bytes.data(), 16);
    const std::uint64_t place = std::uint64_t{socket.netns} << 32U |
                                std::uint64_t{socket.local_port} << 16U | socket.remote_port;
    std::uint64_t key = scramble(seed * odd[5], place + socket.local.family * odd[6]);
    for (std::size_t index = 0; index < halves.size(); ++index)
        key ^= scramble(seed * odd[index + 1], halves[index]);
    return key;
}

// Against an entry of which a part is an older one's, not against malice: who writes here is root.
std::uint64_t checksum_of(const JournalEntry& entry) {
    std::array<std::uint64_t, offsetof(JournalEntry, checksum) / sizeof(std::uint64_t)> words{};
    static_assert(words.size() == odd.size());
    std::memcpy(words.data(), &entry, sizeof(words));
    std::uint64_t sum = journal_magic;
    for (std::size_t index = 0; index < words.size(); ++index)
        sum += words[index] * odd[index];
    return sum ^ sum >> 32U;
}

JournalEntry journal_entry(const Event& event, std::uint64_t seed) {
    JournalEntry entry{};
    entry.key = journal_key(event, seed);
    entry.time_ns = event.time_ns;
    entry.start_boottime_ns = event.task.start_boottime_ns;
    entry.cgroup_id = event.task.cgroup_id;
    entry.comm = event.task.comm_bytes;
    entry.pid = event.task.pid;
    entry.role = static_cast<std::uint8_t>(event.role);
    entry.role_inferred = event.role_inferred ? 1 : 0;
    entry.checksum = checksum_of(entry);
    return entry;
}

} // namespace twtrace
