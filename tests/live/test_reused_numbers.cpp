// The kernel assigns the inode number of an ended network namespace to a new one.
#include <csignal>
#include <functional>
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
