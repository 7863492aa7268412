// Where a rule begins to speak. Each is chosen so that a quiet host (cron jobs, package managers,
// monitoring, a deployment) stays below it, and what stays below it can do no harm.
#pragma once

#include <cstdint>

namespace twtrace::threshold {

/// Fewer events than this make a rate that is mostly chance.
inline constexpr std::uint64_t events = 50;

/// Per second. They keep 1,200 sockets in TIME_WAIT: 4 % of the default ephemeral ports.
inline constexpr double busy_rate = 20;

/// Half of the connections shorter than this: they carry a request or two, not a session.
inline constexpr std::uint64_t short_life_us = 1'048'576;

/// Connections of one service to one destination below this say nothing about keep-alive: a crawler
/// or a resolver talks to many, to each a few times.
inline constexpr std::uint64_t events_per_destination = 10;

/// Share of the usable ports. connect() tries those of one parity first (net/ipv4/
/// inet_hashtables.c, __inet_hash_connect()): from half on it looks at thousands of taken ones in
/// vain, every time. Measured on 6.18: 60 us become 4 to 10 ms (docs/time-wait.md).
inline constexpr double ports_half = 0.5;
/// Share that the present rate fills. A client that connect() slows down goes on at a hundred a
/// second and more (the same measurement); what fills less than this is not slowed down, and the
/// ports come free faster than it takes them.
inline constexpr double ports_crawl = 0.1;
/// Taken although nothing is added: a burst that came close.
inline constexpr double ports_burst = 0.9;
/// Time enough to do something about it, and not more.
inline constexpr double soon_s = 60;

/// Share of the usable ports that the present rate fills: below it tcp_tw_reuse makes no difference
/// that anybody would notice.
inline constexpr double reuse_helps = 0.25;
/// Half of the default range (28,232): what was one busy destination now is two.
inline constexpr std::uint32_t narrow_range = 14'116;
/// Share of a narrow range in use from which on it matters.
inline constexpr double narrow_range_use = 0.1;

/// Share of tcp_max_tw_buckets.
inline constexpr double buckets_near = 0.9;

/// Share of nf_conntrack_max, and insertions that failed while it looked: a pair of DNS queries
/// that raced makes one.
inline constexpr double conntrack_near = 0.9;
inline constexpr std::uint64_t conntrack_failures = 5;

/// Share of a service's closes that are resets: they are its habit.
inline constexpr double reset_share = 0.5;

/// Health checks: one destination has to be seen this often for its interval to be known,
inline constexpr std::uint64_t check_times = 4;
/// at intervals that vary by no more than this part of their length (chance varies by 1),
inline constexpr double check_variation = 0.5;
/// over this part of the look (a burst is regular too, and ends),
inline constexpr double check_span = 0.5;
/// with no more bytes than a short request and a short answer without a page,
inline constexpr std::uint64_t check_bytes = 1'000;
/// and all of a service's together this often a second: 120 sockets in TIME_WAIT for ever.
inline constexpr double check_rate = 2;

/// Services with a fixed port listen below this; the default ephemeral range begins here.
inline constexpr std::uint16_t first_default_ephemeral = 32'768;

} // namespace twtrace::threshold
