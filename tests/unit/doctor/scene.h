// Observations for tests of the doctor: a quiet host, to which each test adds its case.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "doctor/rules.h"
#include "events.h"

namespace twtrace::test {

using namespace doctor;

inline constexpr std::uint32_t netns = 4026531840U;

/// Ten seconds on a host with the kernel's default settings.
inline Observations quiet_host() {
    Observations seen;
    seen.seconds = 10;
    seen.between_counts_s = 10;
    NamespaceFacts facts;
    facts.name = "host";
    facts.settings.emplace();
    facts.settings->ephemeral = {32768, 60999};
    facts.settings->max_tw_buckets = 262'144;
    facts.settings->tw_reuse = 2;
    facts.settings->timestamps = 1;
    facts.settings->fin_timeout_s = 60;
    facts.counts.emplace();
    facts.ports_counted = true;
    facts.listeners_known = true;
    seen.namespaces.emplace(netns, facts);
    return seen;
}

inline NamespaceFacts& facts(Observations& seen) {
    return seen.namespaces.at(netns);
}
inline NetSettings& settings(Observations& seen) {
    return *facts(seen).settings;
}

/// A flow in which connections of a millisecond were closed at even intervals.
inline Flow flow_of(Role role, std::uint64_t time_wait, std::uint64_t bytes_each = 10'000) {
    Flow flow;
    flow.netns = netns;
    flow.role = role;
    flow.local = address("10.0.0.1");
    flow.port = 80;
    if (role == Role::Client)
        flow.remote = address("10.0.0.2");
    flow.service = "shop.service";
    flow.comm = "shop";
    flow.pid = 42;
    flow.time_wait = time_wait;
    flow.bytes = bytes_each * time_wait;
    for (std::uint64_t index = 0; index < time_wait; ++index) {
        flow.lifetimes.add(1000);
        flow.regularity.add(1'000'000'000 +
                            index * 10'000'000'000 / std::max<std::uint64_t>(time_wait, 1));
    }
    return flow;
}

/// The ports towards the destination of flow_of(Role::Client, ...).
inline PortUse ports_of(std::uint32_t time_wait, std::uint32_t open = 0) {
    PortUse use;
    use.local = address("10.0.0.1");
    use.remote = address("10.0.0.2");
    use.port = 80;
    use.time_wait = time_wait;
    use.open = open;
    return use;
}

inline const Finding* find(const Findings& findings, std::string_view id) {
    const auto found = std::find_if(findings.begin(), findings.end(),
                                    [id](const Finding& one) { return one.id == id; });
    return found == findings.end() ? nullptr : &*found;
}

inline bool finds(const Observations& seen, std::string_view id) {
    return find(diagnose(seen), id) != nullptr;
}

/// All texts of a finding, joined.
inline std::string text_of(const Finding& finding) {
    std::string text = finding.title + "\n" + finding.meaning + "\n";
    for (const std::string& line : finding.evidence)
        text += line + "\n";
    for (const std::string& line : finding.fix)
        text += line + "\n";
    return text;
}

inline bool says(const Finding& finding, std::string_view part) {
    return text_of(finding).find(part) != std::string::npos;
}

} // namespace twtrace::test
