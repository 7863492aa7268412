// The closes that a running twtrace saw, kept so that `twtrace list` can name the owner of a socket
// whose process is gone or never listened. Each tracer writes one file through a mapping; readers
// read that file. No socket, thread or wake-up is involved: the tracer pays one store per event,
// and nothing for a query.
//
// The file is a ring of entries. A slot is reused once its event is older than any socket could be,
// so the file of a quiet host stays small. At most max_entries are kept: the newest. Each entry
// carries a checksum: a reader skips an entry that is being written, or that a crash left
// incomplete.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "model/event.h"

namespace twtrace {

inline constexpr const char* journal_directory = "/run/twtrace"; // 0700, owned by root

struct JournalHeader {
    std::uint64_t magic; ///< identifies the version of the layout too
    std::uint64_t seed;  ///< of the keys; random, so that peers cannot choose ports that collide
};
inline constexpr std::uint64_t journal_magic = 0x7477'7472'6a6e'6c01; // twtrjnl, version 1

struct JournalEntry {
    std::uint64_t key;     ///< socket_key()
    std::uint64_t time_ns; ///< CLOCK_MONOTONIC; of the entry into TIME_WAIT
    std::uint64_t start_boottime_ns;
    std::uint64_t cgroup_id;
    std::array<char, TWTRACE_COMM_LEN> comm;
    std::uint32_t pid;
    std::uint8_t role;
    std::uint8_t role_inferred;
    std::uint16_t reserved;
    std::uint64_t checksum; ///< of all members before it
};
static_assert(sizeof(JournalEntry) == 64 && sizeof(JournalHeader) <= sizeof(JournalEntry));

/// 16 MiB, allocated on demand: a minute of 4,369 closes a second.
inline constexpr std::size_t max_journal_entries = 262'144;

/// A minisock lives at most 60 s in each substate: a longer tcp_fin_timeout is spent in a full
/// socket first (net/ipv4/tcp.c, __tcp_close()). Only a peer that continues to send extends it.
inline constexpr std::uint64_t journal_life_ns = 121'000'000'000;

std::uint64_t checksum_of(const JournalEntry& entry);

JournalEntry journal_entry(const Event& event, std::uint64_t seed);

} // namespace twtrace
