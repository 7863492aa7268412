// The table of rules. A rule is a pure function of what was observed.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "doctor/finding.h"
#include "doctor/observations.h"

namespace twtrace::doctor {

using Findings = std::vector<Finding>;

/// A rule appends its findings.
void judge_no_port(const Observations& seen, Findings& findings);
void judge_chosen_ports(const Observations& seen, Findings& findings);
void judge_own_range(const Observations& seen, Findings& findings);
void judge_ports(const Observations& seen, Findings& findings);
void judge_bound_range(const Observations& seen, Findings& findings);
void judge_connection_per_request(const Observations& seen, Findings& findings);
void judge_server_closes(const Observations& seen, Findings& findings);
void judge_buckets(const Observations& seen, Findings& findings);
void judge_reuse(const Observations& seen, Findings& findings);
void judge_timestamps(const Observations& seen, Findings& findings);
void judge_bound_ports(const Observations& seen, Findings& findings);
void judge_health_checks(const Observations& seen, Findings& findings);
void judge_resets(const Observations& seen, Findings& findings);
void judge_conntrack(const Observations& seen, Findings& findings);
void judge_settings(const Observations& seen, Findings& findings);

struct Rule {
    std::string_view subject; ///< a noun phrase, printed after "Looked for:"
    void (*judge)(const Observations&, Findings&);
};
std::span<const Rule> rules();

/// Runs all rules; worst findings first.
Findings diagnose(const Observations& seen);
/// By severity, then by gain, then by weight.
void put_in_order(Findings& findings);

} // namespace twtrace::doctor
