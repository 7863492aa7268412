// What a running twtrace saw close, kept so that `twtrace list` can name the owner of a socket
// whose process is gone or never listened. One file a tracer, which writes it through a mapping; a
// reader takes what is there. No socket, no thread, no wake-up: the tracer pays one store an event,
// and nothing when it is asked.
//
// The file is a ring of entries. Slots are used again once their event is older than any socket
// could be, so a quiet host's file stays small, and at most max_entries are kept: the newest. Each
// entry carries a checksum: a reader that comes while one is written, or after a crash, passes it
// over.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "model/event.h"

namespace twtrace {

inline constexpr const char* journal_directory = "/run/twtrace"; // 0700, root's

struct JournalHeader {
    std::uint64_t magic; ///< also says the version of the layout
    std::uint64_t seed;  ///< of keys, random: peers choose ports, and must not choose collisions
};
inline constexpr std::uint64_t journal_magic = 0x7477'7472'6a6e'6c01; // twtrjnl, version 1

struct JournalEntry {
    std::uint64_t key;     ///< socket_key()
    std::uint64_t time_ns; ///< CLOCK_MONOTONIC; of the hand-over to the minisock
    std::uint64_t start_boottime_ns;
    std::uint64_t cgroup_id;
    std::array<char, TWTRACE_COMM_LEN> comm;
    std::uint32_t pid;
    std::uint8_t role;
    std::uint8_t role_inferred;
    std::uint16_t reserved;
    std::uint64_t checksum; ///< of all before
};
static_assert(sizeof(JournalEntry) == 64 && sizeof(JournalHeader) <= sizeof(JournalEntry));

/// 16 MiB, taken as they are used: a minute of 4,369 closes a second.
inline constexpr std::size_t max_journal_entries = 262'144;

/// A minisock lives at most 60 s in each substate: a longer tcp_fin_timeout is spent in a full
/// socket first (net/ipv4/tcp.c, __tcp_close()). Only a peer that goes on sending keeps one longer.
inline constexpr std::uint64_t journal_life_ns = 121'000'000'000;

std::uint64_t checksum_of(const JournalEntry& entry);

JournalEntry journal_entry(const Event& event, std::uint64_t seed);

} // namespace twtrace
