// The thresholds of the rules. A quiet host (cron jobs, package managers, monitoring, a deployment)
// stays below each of them, and values below them are harmless.
#pragma once

#include <cstdint>

namespace twtrace::threshold {

/// A rate from fewer events than this is mostly chance.
inline constexpr std::uint64_t events = 50;
/// Seconds. 300 connections in 20 ms are a burst, not 15,000/s.
inline constexpr double min_observation_s = 1;

/// Per second. This rate keeps 1,200 sockets in TIME_WAIT: 4 % of the default ephemeral ports.
inline constexpr double busy_rate = 20;

/// If half of the connections are shorter, they carry a request or two, not a session.
inline constexpr std::uint64_t short_life_us = 1'048'576;

/// With fewer connections of one service to one destination, keep-alive does not apply: a crawler
/// or a resolver connects to many destinations, a few times to each.
inline constexpr std::uint64_t events_per_destination = 10;

/// Share of the usable ports. connect() tries those of one parity first (net/ipv4/
/// inet_hashtables.c, __inet_hash_connect()): from half on it tries thousands of taken ones each
/// time. Measured on 6.18: 60 us become 4 to 10 ms (docs/time-wait.md).
inline constexpr double ports_half = 0.5;
/// Share that the present rate fills. A client slowed down by connect() still makes a hundred
/// connections a second and more (the same measurement). Below this share clients are not slowed
/// down, and ports become free faster than they are taken.
inline constexpr double ports_slowed = 0.1;
/// Taken although no entries are added: a burst that nearly used up the ports.
inline constexpr double ports_burst = 0.9;
/// A shortage within this time is critical.
inline constexpr double soon_s = 60;

/// Share of the usable ports that the present rate fills: below it tcp_tw_reuse makes no noticeable
/// difference.
inline constexpr double reuse_helps = 0.25;
/// Half of the default range (28,232).
inline constexpr std::uint32_t narrow_range = 14'116;
/// Share of a narrow range from which its use is reported.
inline constexpr double narrow_range_use = 0.1;

/// Share of tcp_max_tw_buckets.
inline constexpr double buckets_near = 0.9;

/// Share of nf_conntrack_max, and insertions that failed during the observation: a race between a
/// pair of DNS queries causes one.
inline constexpr double conntrack_near = 0.9;
inline constexpr std::uint64_t conntrack_failures = 5;

/// Share of a service's closes that are resets: above it, resets are its normal close.
inline constexpr double reset_share = 0.5;

/// Health checks: the minimum number of closes towards one destination, to know the interval.
inline constexpr std::uint64_t check_times = 4;
/// Maximum variation of the intervals, relative to their mean (random arrivals vary by 1).
inline constexpr double check_variation = 0.5;
/// Minimum part of the observation that they cover (a burst is regular too, but ends).
inline constexpr double check_span = 0.5;
/// Maximum bytes: a short request and a short answer without a page.
inline constexpr std::uint64_t check_bytes = 1'000;
/// Minimum rate of all health checks of a service, per second: 120 sockets always in TIME_WAIT.
inline constexpr double check_rate = 2;

} // namespace twtrace::threshold
