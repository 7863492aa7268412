// Processes that run closings inside a namespace.
#pragma once

#include <string>
#include <vector>

#include "closings.h"
#include "forked.h"
#include "netns.h"

namespace live {

struct Job {
    const ClosingKind* kind = nullptr;
    Family family = Family::V4;
    Role active = Role::Client;
};

struct WorkerOptions {
    int cpu = -1;                  ///< to be pinned to
    std::uint16_t listen_port = 0; ///< instead of any free one
    std::string cgroup;            ///< to be in, as TestCgroups::make() returned it
    bool stopped = false;          ///< wait for let_go(): its pid is known before it does anything
};

/// Starts a process that runs the jobs one after the other.
Forked start_jobs(const TestNamespace& ns, std::vector<Job> jobs, WorkerOptions options = {});
void let_go(const Forked& worker);
std::vector<Expected> collect_jobs(Forked& worker);
/// The two above in one.
std::vector<Expected> run_jobs(const TestNamespace& ns, const std::vector<Job>& jobs);

/// Every kind that this machine can make, in every family and with each end as the active one.
std::vector<Job> all_jobs(bool slow_lane);
/// Those of them that take no waiting: a bit of everything, in a moment.
std::vector<Job> quick_jobs();
/// "close_by_thread v6 server", to say which one failed.
std::string describe(const Job& job);

} // namespace live
