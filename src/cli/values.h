// Parses option values. Each error says what was wrong with the value and what is valid.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "filter/filter.h"
#include "model/cidr.h"
#include "util/port_set.h"
#include "util/result.h"

namespace twtrace {

Result<std::uint64_t> parse_number(const std::string& text, std::uint64_t min, std::uint64_t max);
Result<std::vector<std::uint32_t>> parse_pids(const std::string& text); ///< 12,34
Result<PortSet> parse_ports(const std::string& text);                   ///< 80,443,8000-8100
Result<std::chrono::milliseconds>
parse_seconds(const std::string& text); ///< 10 or 0.5, up to a year
Result<std::uint32_t>
parse_netns(const std::string& text); ///< an inode, or a path such as /run/netns/blue
Result<std::uint32_t> parse_ring_bytes(const std::string& text); ///< 4K .. 1G, a power of two
Result<std::uint64_t> parse_size(const std::string& text);       ///< bytes: 500M, 2G; at least 1M
Result<std::uint64_t>
parse_age_s(const std::string& text);             ///< 90s, 30m, 12h, 7d; at least a minute
Result<Cidr> parse_cidr(const std::string& text); ///< 10.0.0.0/8, 2001:db8::/32, or one address
Result<std::string> parse_unit(const std::string& text);      ///< not empty
Result<std::string> parse_container(const std::string& text); ///< a name, a pattern, or an id
Result<PodPattern> parse_pod(const std::string& text);        ///< NAMESPACE/NAME, or NAME
Result<std::string> parse_pod_namespace(const std::string& text);
/// A path below the root of the hierarchy, or a directory below /sys/fs/cgroup; returns the former.
Result<std::string> parse_cgroup(const std::string& text);
Result<std::string> parse_comm(const std::string& text); ///< 1 to 255 bytes

} // namespace twtrace
