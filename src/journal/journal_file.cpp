#include "journal/journal_file.h"

#include <cstring>

#include "model/socket_key.h"

namespace twtrace {

namespace {

// Odd factors, one per word, so that exchanged words change the sum.
constexpr std::array<std::uint64_t, 7> odd_factors{
    0x9E3779B97F4A7C15ULL, 0xBF58476D1CE4E5B9ULL, 0x94D049BB133111EBULL, 0xD6E8FEB86659FD93ULL,
    0xA0761D6478BD642FULL, 0xE7037ED1A0B428DBULL, 0x8EBC6AF09C88C6E3ULL};

} // namespace

// Detects an entry that is partly overwritten, not tampering: only root can write here.
std::uint64_t checksum_of(const JournalEntry& entry) {
    std::array<std::uint64_t, offsetof(JournalEntry, checksum) / sizeof(std::uint64_t)> words{};
    static_assert(words.size() == odd_factors.size());
    std::memcpy(words.data(), &entry, sizeof(words));
    std::uint64_t sum = journal_magic;
    for (std::size_t index = 0; index < words.size(); ++index)
        sum += words[index] * odd_factors[index];
    return sum ^ sum >> 32U;
}

JournalEntry journal_entry(const Event& event, std::uint64_t seed) {
    JournalEntry entry{};
    entry.key = socket_key(event, seed);
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
