#include "worker.h"

#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>
#include <utility>

#include "cgroups.h"
#include "errors.h"

namespace live {

namespace {

void pin_to(int cpu) {
    if (cpu < 0) {
        return;
    }
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET(static_cast<unsigned>(cpu), &cpus);
    // A machine with fewer CPUs runs them all on those it has.
    (void)sched_setaffinity(0, sizeof cpus, &cpus);
}

std::string run_all(const std::vector<Job>& jobs) {
    std::vector<Expected> all;
    for (const Job& job : jobs) {
        try {
            const std::vector<Expected> events = run_closing(*job.kind, job.family, job.active);
            all.insert(all.end(), events.begin(), events.end());
        } catch (const std::exception& error) {
            throw std::runtime_error(describe(job) + ": " + error.what());
        }
    }
    return to_json(all).dump();
}

} // namespace

Forked start_jobs(const TestNamespace& ns, std::vector<Job> jobs, WorkerOptions options) {
    return Forked([&ns, jobs = std::move(jobs), options] {
        ns.enter();
        if (!options.cgroup.empty()) {
            TestCgroups::enter(options.cgroup);
        }
        pin_to(options.cpu);
        listen_on(options.listen_port);
        if (options.stopped) {
            raise(SIGSTOP);
        }
        std::string expected = run_all(jobs);
        if (options.stays) {
            raise(SIGSTOP);
        }
        return expected;
    });
}

void await_stopped(const Forked& worker) {
    siginfo_t info{};
    check_call(waitid(P_PID, static_cast<id_t>(worker.pid()), &info, WSTOPPED | WEXITED | WNOWAIT),
               "waitid");
    check(info.si_code == CLD_STOPPED, "the worker did not stop");
}

void let_go(const Forked& worker) {
    await_stopped(worker); // a SIGCONT before it has stopped would be lost
    check_call(kill(worker.pid(), SIGCONT), "SIGCONT");
}

std::vector<Expected> collect_jobs(Forked& worker) {
    return expected_from_json(nlohmann::json::parse(worker.collect()));
}

std::vector<Expected> run_jobs(const TestNamespace& ns, const std::vector<Job>& jobs) {
    Forked worker = start_jobs(ns, jobs);
    return collect_jobs(worker);
}

std::vector<Job> all_jobs(bool slow_lane) {
    std::vector<Job> jobs;
    for (const ClosingKind& kind : closing_kinds()) {
        if (kind.needs_slow_lane && !slow_lane) {
            continue;
        }
        for (const Family family : {Family::V4, Family::V6, Family::Mapped}) {
            for (const Role role : {Role::Client, Role::Server}) {
                jobs.push_back({&kind, family, role});
            }
        }
    }
    return jobs;
}

std::vector<Job> quick_jobs() {
    std::vector<Job> jobs;
    for (const Job& job : all_jobs(false)) {
        if (!job.kind->slow) {
            jobs.push_back(job);
        }
    }
    return jobs;
}

std::string describe(const Job& job) {
    constexpr const char* families[] = {" v4", " v6", " v4-mapped"};
    return job.kind->name + families[static_cast<std::size_t>(job.family)] +
           (job.active == Role::Client ? " client" : " server");
}

} // namespace live
