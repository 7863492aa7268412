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
    int cpu = -1;                  ///< CPU to pin the process to
    std::uint16_t listen_port = 0; ///< listening port instead of any free one
    std::string cgroup;            ///< cgroup of the process, as returned by TestCgroups::make()
    bool stopped = false; ///< wait for let_go(), so that its pid is known before it does anything
    bool stays = false;   ///< wait for let_go() after the jobs: a tracer can still read its name
};

/// Starts a process that runs the jobs one after the other.
Forked start_jobs(const TestNamespace& ns, std::vector<Job> jobs, WorkerOptions options = {});
/// Waits until the worker has stopped (see WorkerOptions).
void await_stopped(const Forked& worker);
/// Waits until it has stopped, and continues it.
void let_go(const Forked& worker);
std::vector<Expected> collect_jobs(Forked& worker);
/// Starts the jobs and collects their events.
std::vector<Expected> run_jobs(const TestNamespace& ns, const std::vector<Job>& jobs);

/// Every kind that this machine can make, in every family and with each end as the active one.
std::vector<Job> all_jobs(bool slow_lane);
/// The jobs that need no waiting: a short mixture.
std::vector<Job> quick_jobs();
/// Text such as "close_by_thread v6 server", to identify a failed job.
std::string describe(const Job& job);

} // namespace live
