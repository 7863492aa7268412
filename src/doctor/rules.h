// What is judged: one row a rule. A rule is a function of what was observed, and of nothing else.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "doctor/finding.h"
#include "doctor/observations.h"

namespace twtrace::doctor {

using Findings = std::vector<Finding>;

/// A rule appends what it finds.
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
    std::string_view name;
    std::string_view looks_for;
    void (*judge)(const Observations&, Findings&);
};
std::span<const Rule> rules();

/// All of them; worst first.
Findings diagnose(const Observations& seen);
/// By severity, then by what the remedies bring, then by weight.
void put_in_order(Findings& findings);

} // namespace twtrace::doctor
