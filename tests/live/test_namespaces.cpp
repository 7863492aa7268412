// The accounting of network namespaces that come and go.
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <vector>

#include "catch2.h"
#include "namespaces.h"
#include "tracer.h"
#include "wait_until.h"
#include "witness.h"
#include "worker.h"

using namespace live;
using nlohmann::json;

namespace {

constexpr std::size_t closes = 20;

/// A namespace that is mounted, as docker and CNI do it: the one of this process, or a new one
/// without processes.
class MountedNamespace {
  public:
    explicit MountedNamespace(pid_t pid)
        : MountedNamespace("twtrace-" + std::to_string(pid), {"attach", std::to_string(pid)}) {}
    MountedNamespace() : MountedNamespace("twtrace-" + std::to_string(getpid()), {"add"}) {}
    ~MountedNamespace() { run_command({"ip", "netns", "del", name_}); }
    MountedNamespace(const MountedNamespace&) = delete;
    MountedNamespace& operator=(const MountedNamespace&) = delete;
    const std::string& name() const { return name_; }
    std::string path() const { return "/run/netns/" + name_; }

  private:
    /// how: what `ip netns` does, and its argument after the name
    MountedNamespace(std::string name, const std::vector<std::string>& how)
        : name_(std::move(name)) {
        std::vector<std::string> command{"ip", "netns", how[0], name_};
        command.insert(command.end(), how.begin() + 1, how.end());
        const auto done = run_command(command);
        INFO(done.err);
        REQUIRE(done.exit_status == 0);
    }

    std::string name_;
};

} // namespace

TEST_CASE("namespaces: one that could not be opened at the start is compared from then on",
          "[namespaces]") {
    if (!can_trace()) {
        return;
    }
    const Witness witness;
    constexpr std::size_t all = 16; // the most for --netns
    constexpr std::size_t kept = 5;
    std::vector<std::unique_ptr<TestNamespace>> spaces(all);
    const auto close_once_in_each = [&] {
        for (const auto& ns : spaces) {
            close_in(*ns, 1);
        }
    };
    for (auto& ns : spaces) {
        ns = std::make_unique<TestNamespace>();
    }
    close_once_in_each();
    std::vector<std::string> arguments{"summary", "-i", "1", "-o", "json"};
    for (const auto& ns : spaces) {
        arguments.insert(arguments.end(), {"--netns", std::to_string(ns->inode())});
    }
    Tracer tracer(arguments, {"prlimit", "--nofile=80:80"}); // for about ten
    const auto of_accounting = [&](const char* key) {
        return sum_of(tracer.out(), "accounting", key);
    };
    close_once_in_each();
    await("the entries are read",
          [&] { return of_accounting("captured") + witness.hidden_entries() >= all; });
    CHECK(of_accounting("unverified") > 0);
    spaces.erase(spaces.begin(), spaces.end() - kept); // the first ones were opened
    const bool opened = wait_until(
        [&] {
            const std::uint64_t before = of_accounting("captured") + witness.hidden_entries();
            const std::uint64_t compared = of_accounting("kernel");
            close_once_in_each();
            await("the entries are read", [&] {
                return of_accounting("captured") + witness.hidden_entries() >= before + kept;
            });
            return of_accounting("kernel") == compared + kept;
        },
        program_bound);
    INFO(tracer.out() << tracer.command().err());
    CHECK(opened);
    const CommandResult result = tracer.stop();
    INFO(result.out);
    const std::int64_t unaccounted = unaccounted_in(result.out);
    CHECK(unaccounted >= 0);
    CHECK(unaccounted <= static_cast<std::int64_t>(witness.hidden_entries()));
}

TEST_CASE("namespaces: one without processes is compared again when a process enters it",
          "[namespaces]") {
    if (!can_trace()) {
        return;
    }
    const Witness witness;
    constexpr std::size_t while_found = 500; // closes, during which its counters are opened
    auto ns = std::make_unique<TestNamespace>();
    close_in(*ns, closes); // before the run
    const Fd kept(check_call(open(ns->path().c_str(), O_RDONLY | O_CLOEXEC), "open"));
    Tracer tracer({"summary", "-i", "1", "-o", "json", "--netns", std::to_string(ns->inode())});
    ns.reset();
    await("it is released", [&] { return lines_of(tracer.out()).size() >= 2; });
    Forked inside([&] {
        check_call(setns(kept.get(), CLONE_NEWNET), "setns");
        for (std::size_t i = 0; i < while_found; ++i) {
            Connection c = connect_pair(Family::V4, Role::Client);
            c.active.close();
            c.passive.read_to_eof();
            c.passive.close();
        }
        raise(SIGSTOP);
        return std::string();
    });
    await("the entries are read", [&] {
        return sum_of(tracer.out(), "accounting", "captured") + witness.hidden_entries() >=
               while_found;
    });
    tracer.stop();
    kill(inside.pid(), SIGCONT);
    inside.collect();
    INFO(tracer.out());
    const std::int64_t ambiguous = ambiguous_in(tracer.out());
    CHECK(ambiguous < static_cast<std::int64_t>(closes));
    CHECK(unaccounted_in(tracer.out()) >= -ambiguous);
    CHECK(unaccounted_in(tracer.out()) <=
          ambiguous + static_cast<std::int64_t>(witness.hidden_entries()));
}

TEST_CASE("namespaces: filtered entries are compared for each namespace", "[namespaces]") {
    if (!can_trace()) {
        return;
    }
    const Witness witness;
    const TestNamespace busy;
    constexpr std::size_t busy_closes = 3000;
    WorkerOptions later;
    later.stopped = true;
    Forked load = start_jobs(busy, jobs_of(busy_closes), later);
    // All namespaces; the kernel side leaves out closes that are not by descendants of the command.
    const TempDir dir;
    const std::string begun = dir.file("begun");
    const std::string done = dir.file("done");
    Command run({twtrace_binary(), "summary", "-o", "json", "--output-file", dir.file("out"), "--",
                 "sh", "-c",
                 "touch " + begun + "; until [ -e " + done + " ]; do sleep 0.02; done"});
    await(
        "the command runs", [&] { return access(begun.c_str(), F_OK) == 0; }, program_bound);
    let_go(load);
    constexpr std::size_t namespaces = 30;
    for (std::size_t i = 0; i < namespaces; ++i) {
        const TestNamespace ns;
        close_in(ns, 5);
    }
    collect_jobs(load);
    write_file(done, "");
    REQUIRE(run.wait().exit_status == 0);
    const std::uint64_t hidden = witness.hidden_entries();
    const json accounting = json::parse(read_file(dir.file("out"))).at("accounting");
    INFO(accounting.dump());
    CHECK(accounting.at("filtered") == accounting.at("captured"));
    CHECK(accounting.at("captured") >= busy_closes + namespaces * 5 - hidden);
    CHECK(accounting.at("unaccounted").get<std::int64_t>() >= 0);
    CHECK(accounting.at("unaccounted").get<std::int64_t>() <= static_cast<std::int64_t>(hidden));
}

TEST_CASE("namespaces: an ended namespace is released at once, with its devices", "[namespaces]") {
    if (!can_trace()) {
        return;
    }
    const std::string device = "twt" + std::to_string(getpid());
    Tracer tracer({"summary", "-i", "1", "-o", "json"});
    constexpr std::size_t rounds = 5;
    std::size_t waited = 0;
    for (std::size_t round = 0; round < rounds; ++round) {
        auto ns = std::make_unique<TestNamespace>();
        const Command process({"sleep", "60"}, ns->path());
        CommandResult made;
        const auto says = [&](const char* text) {
            return made.err.find(text) != std::string::npos;
        };
        // A name is free in sysfs later than for if_nametoindex().
        await("the device's name is free", [&] {
            made = run_command({"ip", "link", "add", device, "type", "veth", "peer", "name", "eth0",
                                "netns", std::to_string(process.pid())});
            return !says("File exists");
        });
        if (round == 0 && says("Unknown device type")) {
            WARN("SKIP: no veth here: " << made.err);
            return;
        }
        INFO(made.err);
        REQUIRE(made.exit_status == 0);
        close_in(*ns, 1);
        const std::size_t seconds = lines_of(tracer.out()).size();
        await("the namespace is known",
              [&] { return lines_of(tracer.out()).size() >= seconds + 1; });
        process.signal(SIGKILL);
        ns.reset();
        const std::size_t before = lines_of(tracer.out()).size();
        await("its device is gone", [&] { return if_nametoindex(device.c_str()) == 0; });
        // Does not wait for the tracer's next full second.
        waited += lines_of(tracer.out()).size() - before;
    }
    CHECK(waited < rounds);
}

TEST_CASE("namespaces: entries in a namespace that ended at once are unverified, never unaccounted",
          "[namespaces]") {
    if (!can_trace()) {
        return;
    }
    // All namespaces, because the inode numbers of those below are not known before.
    Tracer tracer({"summary", "-o", "json"});
    constexpr int namespaces = 30;
    for (int i = 0; i < namespaces; ++i) {
        const TestNamespace ns;
        close_in(ns, 5);
    }
    const CommandResult result = tracer.stop();
    const json accounting = json::parse(result.out).at("accounting");
    INFO(accounting.dump());
    CHECK(accounting.at("captured") >= namespaces * 5);
    CHECK(accounting.at("unaccounted").get<std::int64_t>() >= 0);
    const auto unverified = accounting.at("unverified").get<std::uint64_t>();
    // Some end before their counters are opened.
    CHECK(accounting.at("captured").get<std::uint64_t>() <=
          unverified + accounting.at("kernel").get<std::uint64_t>());
}

TEST_CASE("namespaces: entries that found the ring full in one that ended at once are unverified",
          "[namespaces]") {
    if (!can_trace()) {
        return;
    }
    Tracer tracer({"summary", "-o", "json", "--ring", "4K"});
    constexpr int namespaces = 10;
    tracer.command().signal(SIGSTOP);
    for (int i = 0; i < namespaces; ++i) {
        const TestNamespace ns;
        close_in(ns, closes);
    }
    tracer.command().signal(SIGCONT);
    const CommandResult result = tracer.stop();
    const json accounting = json::parse(result.out).at("accounting");
    INFO(accounting.dump());
    CHECK(accounting.at("lost") > 0);
    CHECK(accounting.at("unaccounted").get<std::int64_t>() >= 0);
    CHECK(accounting.at("unverified") >= namespaces * closes);
}

TEST_CASE("namespaces: the documented capabilities read the counters of a mounted one that has a "
          "process",
          "[namespaces]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    Command process({"sleep", "60"}, ns.path());
    const MountedNamespace mounted(process.pid());
    Tracer tracer({"summary", "-o", "json", "--netns", ns.path()}, with_documented_capabilities());
    close_in(ns, closes);
    const CommandResult result = tracer.stop();
    INFO(result.out << result.err);
    const json accounting = json::parse(result.out).at("accounting");
    CHECK(accounting.at("kernel") == closes);
    CHECK(accounting.at("exact") == true);
}

TEST_CASE("namespaces: without the capability to enter it, one without processes is not compared",
          "[namespaces]") {
    if (!can_trace()) {
        return;
    }
    const MountedNamespace unused;
    REQUIRE(run_command({"ip", "-n", unused.name(), "link", "set", "lo", "up"}).exit_status == 0);
    // Its process has left it when it closes.
    Forked outside([&] {
        const Fd home(check_call(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), "open"));
        const Fd other(check_call(open(unused.path().c_str(), O_RDONLY | O_CLOEXEC), "open"));
        check_call(setns(other.get(), CLONE_NEWNET), "setns");
        std::vector<Connection> connections;
        for (std::size_t i = 0; i < closes; ++i) {
            connections.push_back(connect_pair(Family::V4, Role::Client));
        }
        check_call(setns(home.get(), CLONE_NEWNET), "setns");
        raise(SIGSTOP);
        for (Connection& c : connections) {
            c.active.close();
            c.passive.read_to_eof();
            c.passive.close();
        }
        return std::string();
    });
    await_stopped(outside); // the connections are open
    const Witness witness;
    Tracer tracer({"summary", "-i", "1", "-o", "json", "--netns", unused.path()},
                  with_documented_capabilities());
    let_go(outside);
    outside.collect();
    await("the entries are read", [&] {
        return sum_of(tracer.out(), "accounting", "captured") + witness.hidden_entries() >= closes;
    });
    const CommandResult result = tracer.stop();
    INFO(result.out << result.err);
    CHECK(sum_of(result.out, "accounting", "unverified") + witness.hidden_entries() >= closes);
    CHECK(result.out.find("whose counters twtrace may not read") != std::string::npos);
    CHECK(unaccounted_in(result.out) == 0);
}
