#include "doctor/out_of_sight.h"

#include <fmt/format.h>

#include "doctor/wording.h"

namespace twtrace::doctor {

std::vector<std::string> out_of_sight(const Observations& seen) {
    std::vector<std::string> lines{
        "connect() or bind() that fails with EADDRNOTAVAIL because this host has no such local "
        "address (for example ::1), and bind() that fails with EADDRINUSE: they leave no event"};
    for (const auto& [netns, facts] : seen.namespaces) {
        if (!facts.conntrack || !facts.conntrack->forwards ||
            facts.conntrack->entries.value_or(0) == 0)
            continue;
        lines.push_back(fmt::format(
            "connections that this host only forwards{}: they have no socket here; conntrack has "
            "{} of {} entries, its own connections included, and {} insertions failed",
            where(seen, netns), grouped(*facts.conntrack->entries),
            facts.conntrack->max_entries ? grouped(*facts.conntrack->max_entries)
                                         : "an unknown number of",
            grouped(facts.conntrack_failed)));
    }
    return lines;
}

} // namespace twtrace::doctor
