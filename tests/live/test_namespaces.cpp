// Short-lived network namespaces: their inode numbers are reused.
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <vector>

#include "catch2.h"
#include "tracer.h"
#include "wait_until.h"
#include "witness.h"
#include "worker.h"

using namespace live;
using nlohmann::json;

namespace {

constexpr std::size_t closes = 20;

std::vector<Job> jobs_of(std::size_t times) {
    return std::vector<Job>(
        times, Job{&closing_kind("shutdown_then_peer_closes"), Family::V4, Role::Client});
}

void close_in(const TestNamespace& ns, std::size_t times) {
    run_jobs(ns, jobs_of(times));
}

std::uint64_t sum_of(const std::string& out, const char* part, const char* key) {
    std::uint64_t sum = 0;
    for (const std::string& line : lines_of(out)) {
        const json value = json::parse(line).at(part).at(key);
        sum += value.is_null() ? 0 : value.get<std::uint64_t>();
    }
    return sum;
}

std::int64_t unaccounted_in(const std::string& out) {
    std::int64_t sum = 0;
    for (const std::string& line : lines_of(out)) {
        sum += json::parse(line).at("accounting").at("unaccounted").get<std::int64_t>();
    }
    return sum;
}

std::unique_ptr<Tracer> trace_inode(std::uint32_t inode) {
    return std::make_unique<Tracer>(std::vector<std::string>{"summary", "-i", "1", "-o", "json",
                                                             "--netns", std::to_string(inode)});
}

// Ends this namespace and returns another one with its inode number, or none. The kernel assigns
// the lowest free number, so namespaces with lower numbers are kept meanwhile.
std::unique_ptr<TestNamespace> try_successor_of(std::unique_ptr<TestNamespace> ns,
                                                Milliseconds patience) {
    constexpr std::size_t max_others = 50;
    const std::uint64_t inode = ns->inode();
    std::vector<std::unique_ptr<TestNamespace>> others;
    ns.reset();
    wait_until(
        [&] {
            if (others.size() == max_others) {
                others.clear();
            }
            if (ns) {
                others.push_back(std::move(ns));
            }
            ns = std::make_unique<TestNamespace>();
            return ns->inode() == inode;
        },
        patience);
    return ns->inode() == inode ? std::move(ns) : nullptr;
}

struct NumberNotReused {};

std::unique_ptr<TestNamespace> successor_of(std::unique_ptr<TestNamespace> ns) {
    ns = try_successor_of(std::move(ns), Milliseconds(5000));
    if (!ns) {
        throw NumberNotReused();
    }
    return ns;
}

// Another program that ends meanwhile makes lower numbers free; then the next attempt is right.
void with_reused_number(const std::function<void()>& scenario) {
    constexpr int attempts = 5;
    for (int attempt = 0; attempt < attempts; ++attempt) {
        try {
            scenario();
            return;
        } catch (const NumberNotReused&) {
        }
    }
    FAIL("no inode number was used again");
}

// A namespace whose inode number will be used again. While the kernel removes namespaces of earlier
// tests, which it does in the background, lower numbers become free.
std::unique_ptr<TestNamespace> namespace_with_lowest_number() {
    constexpr int generations = 3;
    std::unique_ptr<TestNamespace> ns;
    await(
        "each namespace has the inode number of the last one",
        [&] {
            ns = std::make_unique<TestNamespace>();
            for (int one = 0; ns != nullptr && one < generations; ++one) {
                ns = try_successor_of(std::move(ns), Milliseconds(3000));
            }
            return ns != nullptr;
        },
        Milliseconds(60000));
    return ns;
}

// Like `ip netns attach`: a bind mount of the namespace, as docker and CNI make one.
class MountedNamespace {
  public:
    explicit MountedNamespace(pid_t pid) : name_("twtrace-" + std::to_string(pid)) {
        const auto done = run_command({"ip", "netns", "attach", name_, std::to_string(pid)});
        INFO(done.err);
        REQUIRE(done.exit_status == 0);
    }
    ~MountedNamespace() { run_command({"ip", "netns", "del", name_}); }
    MountedNamespace(const MountedNamespace&) = delete;
    MountedNamespace& operator=(const MountedNamespace&) = delete;

  private:
    std::string name_;
};

} // namespace

TEST_CASE("namespaces: a namespace with the inode number of an earlier one is accounted for",
          "[namespaces]") {
    if (!can_trace()) {
        return;
    }
    with_reused_number([] {
        auto ns = namespace_with_lowest_number();
        const auto inode = static_cast<std::uint32_t>(ns->inode());
        const auto tracer = trace_inode(inode);
        for (std::uint64_t round = 1; round <= 3; ++round) {
            INFO("round " << round);
            close_in(*ns, closes);
            await("the kernel's counters are read",
                  [&] { return sum_of(tracer->out(), "accounting", "kernel") == round * closes; });
            if (round < 3) {
                ns = successor_of(std::move(ns));
            }
        }
        const CommandResult result = tracer->stop();
        INFO(result.out);
        CHECK(sum_of(result.out, "totals", "time_wait") == 3 * closes);
        CHECK(sum_of(result.out, "accounting", "kernel") == 3 * closes);
        CHECK(sum_of(result.out, "accounting", "unverified") == 0);
    });
}

TEST_CASE("namespaces: a reused inode number, found in /proc before the announcement is read",
          "[namespaces]") {
    if (!can_trace()) {
        return;
    }
    with_reused_number([] {
        const Witness witness;
        auto ns = namespace_with_lowest_number();
        const std::uint64_t inode = ns->inode();
        Tracer tracer({"summary", "-i", "1", "-o", "json", "--ring", "4K"});
        const auto await_seconds = [&](std::size_t number) {
            const std::size_t before = lines_of(tracer.out()).size();
            await("an interval ends",
                  [&] { return lines_of(tracer.out()).size() >= before + number; });
        };
        close_in(*ns, closes);
        ns.reset();
        // All are kept: the end of one would make the tracer search in /proc.
        std::vector<std::unique_ptr<TestNamespace>> successors;
        const bool is_reused = wait_until(
            [&] {
                successors.push_back(std::make_unique<TestNamespace>());
                return successors.back()->inode() == inode;
            },
            Milliseconds(5000));
        if (!is_reused) {
            throw NumberNotReused();
        }
        // What follows takes less than a second, after which the tracer would read the table of all
        // namespaces.
        await_seconds(1);
        tracer.command().signal(SIGSTOP);
        // The ring gets full, also for announcements, which are smaller than events. Those that fit
        // start a search.
        std::vector<std::unique_ptr<TestNamespace>> others(30);
        for (auto& other : others) {
            other = std::make_unique<TestNamespace>();
            close_in(*other, 5);
        }
        close_in(*successors.back(), closes);
        tracer.command().signal(SIGCONT);
        await_seconds(2);
        const CommandResult result = tracer.stop();
        const std::uint64_t hidden = witness.hidden_entries();
        INFO(result.out);
        const std::int64_t unaccounted = unaccounted_in(result.out);
        CHECK(sum_of(result.out, "accounting", "lost") >= closes);
        CHECK(unaccounted >= 0);
        CHECK(unaccounted <= static_cast<std::int64_t>(hidden));
    });
}

TEST_CASE("namespaces: an idle one is not taken for an ended one with its inode number",
          "[namespaces]") {
    if (!can_trace()) {
        return;
    }
    with_reused_number([] {
        const Witness witness;
        namespace_with_lowest_number();
        Tracer tracer({"summary", "-i", "1", "-o", "json"});
        const auto of_accounting = [&](const char* key) {
            return sum_of(tracer.out(), "accounting", key);
        };
        tracer.command().signal(SIGSTOP);
        auto ns = std::make_unique<TestNamespace>();
        close_in(*ns, closes);
        ns = successor_of(std::move(ns));
        tracer.command().signal(SIGCONT);
        await("the entries are read",
              [&] { return of_accounting("captured") + witness.hidden_entries() >= closes; });
        const std::size_t before = lines_of(tracer.out()).size();
        ns.reset();
        await("the idle namespace is released",
              [&] { return lines_of(tracer.out()).size() >= before + 2; });
        tracer.stop();
        INFO(tracer.out());
        const std::uint64_t hidden = witness.hidden_entries();
        CHECK(of_accounting("unverified") + hidden >= closes);
        CHECK(unaccounted_in(tracer.out()) >= 0);
        CHECK(unaccounted_in(tracer.out()) <= static_cast<std::int64_t>(hidden));
    });
}

TEST_CASE("namespaces: one that could not be opened at the start is compared from then on",
          "[namespaces]") {
    if (!can_trace()) {
        return;
    }
    const Witness witness;
    constexpr std::size_t all = 40;
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
    Tracer tracer({"summary", "-i", "1", "-o", "json"},
                  {"prlimit", "--nofile=80:80"}); // for about ten
    const auto of_accounting = [&](const char* key) {
        return sum_of(tracer.out(), "accounting", key);
    };
    close_once_in_each();
    await("the entries are read", [&] { return of_accounting("captured") >= all; });
    CHECK(of_accounting("kernel") < all);
    spaces.erase(spaces.begin(), spaces.end() - kept); // the first ones were opened
    const bool opened = wait_until(
        [&] {
            const std::uint64_t before = of_accounting("captured");
            const std::uint64_t compared = of_accounting("kernel");
            close_once_in_each();
            await("the entries are read",
                  [&] { return of_accounting("captured") >= before + kept; });
            return of_accounting("kernel") == compared + kept;
        },
        Milliseconds(20000));
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
    auto ns = std::make_unique<TestNamespace>();
    close_in(*ns, closes); // before the run
    const Fd kept(check_call(open(ns->path().c_str(), O_RDONLY | O_CLOEXEC), "open"));
    Tracer tracer({"summary", "-i", "1", "-o", "json"});
    ns.reset();
    await("it is released", [&] { return lines_of(tracer.out()).size() >= 2; });
    Forked inside([&] {
        check_call(setns(kept.get(), CLONE_NEWNET), "setns");
        for (std::size_t i = 0; i < closes; ++i) {
            Connection c = connect_pair(Family::V4, Role::Client);
            c.active.close();
            c.passive.read_to_eof();
            c.passive.close();
        }
        raise(SIGSTOP);
        return std::string();
    });
    await("the entries are read", [&] {
        return sum_of(tracer.out(), "accounting", "captured") + witness.hidden_entries() >= closes;
    });
    tracer.stop();
    kill(inside.pid(), SIGCONT);
    inside.collect();
    INFO(tracer.out());
    CHECK(unaccounted_in(tracer.out()) >= 0);
    CHECK(unaccounted_in(tracer.out()) <= static_cast<std::int64_t>(witness.hidden_entries()));
}

TEST_CASE("namespaces: two namespaces with one inode number have separate rows", "[namespaces]") {
    if (!can_trace()) {
        return;
    }
    with_reused_number([] {
        auto ns = namespace_with_lowest_number();
        const std::string inode = std::to_string(ns->inode());
        const TempDir dir;
        Tracer tracer({"summary", "-i", "1", "-o", "json", "--netns", inode});
        Tracer all({"summary", "-g", "netns", "-o", "json", "--netns", inode});
        Tracer recorder({"record", "-o", dir.file("run.twr"), "--netns", inode});
        for (std::uint64_t round = 1; round <= 2; ++round) {
            close_in(*ns, closes * round);
            await("they are read", [&] {
                return sum_of(tracer.out(), "accounting", "kernel") >= closes * (2 * round - 1);
            });
            if (round == 1) {
                ns = successor_of(std::move(ns));
            }
        }
        recorder.stop();
        const auto check_rows = [&](const json& document) {
            INFO(document.dump(2));
            REQUIRE(document.at("groups").size() == 2);
            CHECK(document.at("groups").at(0).at("netns") == std::stoull(inode));
            CHECK(document.at("groups").at(1).at("netns") == std::stoull(inode));
            CHECK(document.at("groups").at(0).at("time_wait") == 2 * closes);
            CHECK(document.at("groups").at(1).at("time_wait") == closes);
        };
        check_rows(json::parse(all.stop().out));
        check_rows(json::parse(run_command({twtrace_binary(), "summary", "-g", "netns", "-o",
                                            "json", "--from", dir.file("run.twr")})
                                   .out));
    });
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
    const std::string capabilities = "-all,+bpf,+perfmon,+sys_ptrace";
    Tracer tracer({"summary", "-o", "json", "--netns", ns.path()},
                  {"setpriv", "--inh-caps", capabilities, "--bounding-set", capabilities});
    close_in(ns, closes);
    const CommandResult result = tracer.stop();
    INFO(result.out << result.err);
    const json accounting = json::parse(result.out).at("accounting");
    CHECK(accounting.at("kernel") == closes);
    CHECK(accounting.at("exact") == true);
}
