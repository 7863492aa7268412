// Units and containers: names of processes that have ended, and filters by them.
#include <csignal>
#include <functional>
#include <map>
#include <set>

#include <unistd.h>

#include "catch2.h"
#include "cgroups.h"
#include "match.h"
#include "tracer.h"
#include "witness.h"
#include "worker.h"

using namespace live;
using nlohmann::json;

namespace {

const std::string id_a = "4f1c" + std::string(60, 'a');
const std::string id_b = "4f1d" + std::string(60, 'b');
const std::string pod = "/kubepods.slice/kubepods-burstable.slice/"
                        "kubepods-burstable-pod0d3a5bd5_b7c3_4c3b_9b5b_6f7a6f1f2e11.slice";

bool can_run() {
    if (!can_trace()) {
        return false;
    }
    if (!TestCgroups::can_make()) {
        WARN("SKIP: no cgroup v2 hierarchy that can be written to");
        return false;
    }
    return true;
}

std::vector<Job> some_jobs() {
    std::vector<Job> jobs;
    for (const Job& job : all_jobs(false)) {
        if (job.kind->name == "shutdown_then_peer_closes") {
            jobs.push_back(job);
        }
    }
    return jobs;
}

/// Runs a process in this cgroup (empty: the test's own) that makes connections and ends.
std::vector<Expected> work_in(const TestNamespace& ns, const std::string& cgroup) {
    WorkerOptions options;
    options.cgroup = cgroup;
    Forked worker = start_jobs(ns, some_jobs(), options);
    return collect_jobs(worker);
}

std::vector<std::string> trace_of(const TestNamespace& ns, const std::vector<std::string>& more) {
    std::vector<std::string> arguments{"trace", "-o", "json", "--all", "--netns", ns.path()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
}

/// twtrace started normally on this host, and where only cgroup v2 exists.
struct Side {
    const char* name;
    std::vector<std::string> before;
};
const std::vector<Side> sides{{"this host", {}}, {"cgroup v2 alone", without_cgroups("cgroup")}};

struct Named {
    std::string path;
    json unit;
    json container;
    std::string service;
};

const std::vector<Named> names{
    {"/system.slice/nginx.service", "nginx.service", nullptr, "nginx.service"},
    {"/system.slice/system-php.slice/php@8.2.service", "php@8.2.service", nullptr,
     "php@8.2.service"},
    {"/system.slice/docker-" + id_a + ".scope", nullptr, id_a.substr(0, 12), id_a.substr(0, 12)},
    {"/docker/" + id_b, nullptr, id_b.substr(0, 12), id_b.substr(0, 12)},
    {"/machine.slice/libpod-" + id_a + ".scope/container", nullptr, id_a.substr(0, 12),
     id_a.substr(0, 12)},
    {pod + "/cri-containerd-" + id_b + ".scope", nullptr, id_b.substr(0, 12), id_b.substr(0, 12)},
};

} // namespace

TEST_CASE("cgroups: after the end of process and cgroup, unit, container and path are known",
          "[cgroups]") {
    if (!can_run()) {
        return;
    }
    for (const Side& side : sides) {
        INFO(side.name);
        const TestNamespace ns;
        TestCgroups cgroups;
        Tracer tracer(trace_of(ns, {}), side.before);
        // It sees none of them alive, nor their cgroups.
        tracer.command().signal(SIGSTOP);
        std::map<int, std::pair<Named, std::string>> by_pid;
        for (const Named& named : names) {
            const std::string path = cgroups.make(named.path);
            for (const Expected& event : work_in(ns, path)) {
                by_pid.insert_or_assign(event.task.pid, std::pair(named, path));
            }
            TestCgroups::remove(path);
        }
        tracer.command().signal(SIGCONT);
        const CommandResult result = tracer.stop();
        INFO("stderr: " << result.err);
        const std::vector<json> events = parse_events(result.out);
        CHECK(events.size() >= names.size() * some_jobs().size());
        for (const json& event : events) {
            INFO(event.dump());
            const auto& [named, path] = by_pid.at(event.at("pid"));
            CHECK(event.at("unit") == named.unit);
            CHECK(event.at("container") == named.container);
            CHECK(event.at("service") == named.service);
            CHECK(event.at("cgroup") == path);
        }
    }
}

TEST_CASE("cgroups: dockerd's cgroupfs driver is in the v1 hierarchies only", "[cgroups]") {
    if (!can_run()) {
        return;
    }
    const TestNamespace ns;
    TestCgroups cgroups;
    const std::string v1 = cgroups.make_v1("/docker/" + id_a);
    if (v1.empty()) {
        WARN("SKIP: no v1 hierarchy here");
        return;
    }
    const std::string v2 = cgroups.make("/system.slice/containerd.service");
    Tracer tracer(trace_of(ns, {"--container", "4f1c"}));
    Forked worker([&]() -> std::string {
        TestCgroups::enter_v1(v1);
        TestCgroups::enter(v2);
        ns.enter();
        run_closing(closing_kind("shutdown_then_peer_closes"), Family::V4, Role::Client);
        pause(); // only a live process is in a v1 hierarchy
        return {};
    });
    await("both ends of it", [&] { return lines_of(tracer.out()).size() >= 2; });
    kill_and_reap(worker.pid(), SIGKILL);
    for (const json& event : parse_events(tracer.stop().out)) {
        CHECK(event.at("pid") == worker.pid());
        CHECK(event.at("container") == id_a.substr(0, 12));
        CHECK(event.at("cgroup") == v1);
    }
}

namespace {

/// Four processes in four cgroups; those in `keep` must pass. A restarted service is another cgroup
/// with the same path.
void judge(const std::function<std::vector<std::string>(const TestCgroups&)>& filter,
           const std::set<std::string>& keep) {
    const TestNamespace ns;
    TestCgroups cgroups;
    const std::vector<std::string> places{
        "/system.slice/nginx.service", "/system.slice/nginx.service/worker",
        "/system.slice/nginx.service2", "/system.slice/docker-" + id_a + ".scope",
        "/system.slice/docker-" + id_b + ".scope"};
    for (const std::string& place : places) {
        cgroups.make(place);
    }
    Tracer here(trace_of(ns, filter(cgroups)));
    Tracer there(trace_of(ns, filter(cgroups)), without_cgroups("cgroup"));
    std::vector<Expected> expected;
    const auto work = [&](const std::string& place) {
        for (const Expected& event : work_in(ns, place.empty() ? place : cgroups.make(place))) {
            if (keep.contains(place)) {
                expected.push_back(event);
            }
        }
    };
    work("");
    for (const std::string& place : places) {
        work(place);
    }
    TestCgroups::remove(cgroups.root() + "/system.slice/nginx.service/worker");
    TestCgroups::remove(cgroups.root() + "/system.slice/nginx.service");
    work("/system.slice/nginx.service");
    work("/system.slice/nginx.service3"); // created later, and not selected
    const CommandResult user_space = here.stop();
    const CommandResult gate = there.stop();
    INFO("stderr: " << user_space.err << gate.err);
    CHECK(!expected.empty());
    require_no_difference(expected, parse_events(user_space.out), ns.inode());
    require_no_difference(expected, parse_events(gate.out), ns.inode());
}

} // namespace

TEST_CASE("cgroups: filters by name and path, in user space and in the kernel", "[cgroups]") {
    if (!can_run()) {
        return;
    }
    const std::string nginx = "/system.slice/nginx.service";
    const std::string worker = nginx + "/worker";
    SECTION("--cgroup") {
        judge(
            [](const TestCgroups& cgroups) {
                return std::vector<std::string>{"--cgroup",
                                                cgroups.root() + "/system.slice/nginx.service"};
            },
            {nginx, worker});
    }
    SECTION("--cgroup, two of them") {
        judge(
            [](const TestCgroups& cgroups) {
                return std::vector<std::string>{
                    "--cgroup", cgroups.root() + "/system.slice/nginx.service/worker", "--cgroup",
                    cgroups.root() + "/system.slice/docker-" + id_b + ".scope"};
            },
            {worker, "/system.slice/docker-" + id_b + ".scope"});
    }
    SECTION("--unit") {
        judge(
            [](const TestCgroups&) {
                return std::vector<std::string>{"--unit", "ng?nx"};
            },
            {nginx, worker});
    }
    SECTION("--container, the beginning of an id") {
        judge(
            [](const TestCgroups&) {
                return std::vector<std::string>{"--container", "4f1c"};
            },
            {"/system.slice/docker-" + id_a + ".scope"});
    }
}

namespace {

constexpr int outside = 2000;

/// Closes many connections as fast as possible.
void close_many(const TestNamespace& ns, const std::string& cgroup, int times) {
    Forked([&]() -> std::string {
        if (!cgroup.empty()) {
            TestCgroups::enter(cgroup);
        }
        ns.enter();
        for (int i = 0; i < times; ++i) {
            Connection connection = connect_pair(Family::V4, Role::Client);
            connection.active.close();
            connection.passive.read_to_eof();
            connection.passive.close();
        }
        return {};
    }).collect();
}

struct Told {
    json summary;
    std::string err;
};

Told summary_of(const TestNamespace& ns, const std::string& cgroup,
                const std::vector<std::string>& before) {
    // Space for about 25 events: 2,000 events that the kernel side passes do not fit.
    Tracer tracer(
        {"summary", "-o", "json", "--netns", ns.path(), "--cgroup", cgroup, "--ring", "4096"},
        before);
    close_many(ns, "", outside);
    close_many(ns, cgroup, 3);
    const CommandResult result = tracer.stop();
    return {json::parse(result.out), result.err};
}

} // namespace

TEST_CASE("cgroups: where only cgroup v2 is mounted, the kernel side filters by cgroup",
          "[cgroups]") {
    if (!can_run()) {
        return;
    }
    const TestNamespace ns;
    TestCgroups cgroups;
    const std::string path = cgroups.make("/system.slice/nginx.service");
    const Told gate = summary_of(ns, path, without_cgroups("cgroup"));
    INFO(gate.summary.dump() << gate.err);
    const json& accounting = gate.summary.at("accounting");
    CHECK(gate.err.find("in user space only") == std::string::npos);
    CHECK(accounting.at("lost") == 0);
    CHECK(accounting.at("kernel") == outside + 3);
    CHECK(accounting.at("filtered").get<int>() >= outside - 2); // hidden on this host (witness.h)
    CHECK(gate.summary.at("totals").at("time_wait") == 3);
    CHECK(gate.summary.at("groups").at(0).at("unit") == "nginx.service");

    const Told user_space = summary_of(ns, path, {});
    INFO(user_space.summary.dump() << user_space.err);
    if (user_space.err.find("in user space only") == std::string::npos) {
        WARN("SKIP: cgroup v2 is alone on this host anyway");
        return;
    }
    CHECK(user_space.summary.at("accounting").at("lost").get<int>() > 0);
    CHECK(user_space.summary.at("totals").at("time_wait") == 3);
}
