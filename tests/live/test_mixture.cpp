// A random mixture of all kinds by several processes on both CPUs: no entry is wrong, missing or
// extra.
#include <cstdlib>
#include <random>
#include <utility>

#include "catch2.h"
#include "match.h"
#include "skipped.h"
#include "tracer.h"
#include "witness.h"
#include "worker.h"

using namespace live;

namespace {

unsigned number_from_env(const char* name, unsigned otherwise) {
    const char* text = std::getenv(name);
    return text != nullptr ? static_cast<unsigned>(std::stoul(text)) : otherwise;
}

std::vector<unsigned> seeds() {
    if (std::getenv("TWTRACE_SEED") != nullptr) {
        return {number_from_env("TWTRACE_SEED", 0)};
    }
    std::random_device device;
    std::vector<unsigned> all(number_from_env("TWTRACE_SEEDS", 3));
    for (unsigned& seed : all) {
        seed = device();
    }
    return all;
}

/// To isolate a difference: TWTRACE_KINDS="crossing,linger_zero" leaves the others out.
std::vector<Job> chosen(std::vector<Job> jobs) {
    const char* names = std::getenv("TWTRACE_KINDS");
    if (names != nullptr) {
        const std::string list = "," + std::string(names) + ",";
        std::erase_if(jobs, [&](const Job& job) {
            return list.find("," + job.kind->name + ",") == std::string::npos;
        });
    }
    return jobs;
}

std::vector<Job> draw(const std::vector<Job>& from, std::mt19937& random) {
    std::uniform_int_distribution<std::size_t> any(0, from.size() - 1);
    const std::size_t many = number_from_env("TWTRACE_JOBS", 300);
    std::vector<Job> jobs;
    bool slow_taken = false;
    while (jobs.size() < many) {
        const Job& job = from[any(random)];
        if (job.kind->slow && std::exchange(slow_taken, true)) {
            continue;
        }
        jobs.push_back(job);
    }
    return jobs;
}

std::vector<Expected> run_mixture(const TestNamespace& ns, const std::vector<Job>& from,
                                  unsigned seed) {
    std::mt19937 random(seed);
    std::vector<Forked> running;
    const auto workers = static_cast<int>(number_from_env("TWTRACE_WORKERS", 4));
    for (int i = 0; i < workers; ++i) {
        WorkerOptions options;
        options.cpu = i % 2;
        running.push_back(start_jobs(ns, draw(from, random), options));
    }
    std::vector<Expected> all;
    for (Forked& worker : running) {
        const std::vector<Expected> events = collect_jobs(worker);
        all.insert(all.end(), events.begin(), events.end());
    }
    return all;
}

/// Which closes find tcp_max_tw_buckets reached is random (their number is not, and is checked with
/// the kernel's other counters): each is treated as its normal outcome.
void judge_overflow(std::vector<Expected>& expected, std::vector<nlohmann::json>& events) {
    for (nlohmann::json& event : events) {
        if (event.at("reason") != "overflow") {
            continue;
        }
        CHECK(event.at("type") == "aborted");
        event["type"] = "time_wait";
    }
    for (Expected& e : expected) {
        e.outcome.stage.clear();
    }
}

/// `difference`: the kernel's sum minus trace's lines.
void require_accounting(const nlohmann::json& accounting, std::int64_t hidden,
                        const Uncounted& uncounted, std::int64_t difference) {
    const auto missed = accounting.at("missed").get<std::int64_t>();
    const auto unaccounted = accounting.at("unaccounted").get<std::int64_t>();
    if (is_slow_machine()) {
        // Each twtrace may skip other transitions, which its own count explains.
        CHECK(unaccounted <= hidden);
        CHECK(unaccounted >= hidden - static_cast<std::int64_t>(uncounted.at_most));
        return;
    }
    // twtrace cannot distinguish a hidden event from a miss by recursion, so only their sum is
    // known. `difference` includes entries that the kernel does not count.
    CHECK(missed + unaccounted == difference);
}

void judge(const TestNamespace& ns, const std::vector<Job>& from, unsigned seed) {
    INFO("repeat with TWTRACE_SEED=" << seed);
    WARN("seed " << seed);
    const Witness witness;
    Tracer tracer = trace_all(ns);
    Tracer summary({"summary", "-o", "json", "--netns", ns.path()});
    const KernelCounters before = ns.counters();
    std::vector<Expected> expected = run_mixture(ns, from, seed);
    const KernelCounters rise = ns.counters() - before;
    const std::uint64_t hidden = witness.take_hidden(expected);
    const CommandResult result = tracer.stop();
    const CommandResult document = summary.stop();
    INFO("stderr: " << result.err);
    INFO("the kernel says: " << to_string(rise));
    auto events = parse_events(result.out);
    fold_late_resets(events);
    const std::uint64_t seen = of_type(events, "time_wait").size();
    const Uncounted uncounted = uncounted_by_kernel(expected, rise);
    auto complete = events;
    const std::uint64_t skipped =
        excuse_skipped(expected, complete, skipped_transitions(result.err));
    require_equal_to_kernel(events, rise, hidden, uncounted, skipped);
    if (rise.tw_overflow > 0) {
        judge_overflow(expected, complete);
    }
    require_no_difference(expected, complete, ns.inode());
    const auto accounting = nlohmann::json::parse(document.out).at("accounting");
    INFO(accounting.dump());
    require_accounting(accounting, static_cast<std::int64_t>(hidden), uncounted,
                       static_cast<std::int64_t>(entered(rise) - seen));
}

/// The jobs that need no minisock while they run.
std::vector<Job> jobs_without_minisocks() {
    std::vector<Job> jobs;
    for (const Job& job : all_jobs(false)) {
        for (const char* name :
             {"close_then_peer_closes_at_once", "shutdown_then_peer_closes",
              "shutdown_then_peer_sends_more", "shutdown_both_ways", "fin_reaches_full_orphan",
              "rst_in_fin_wait2", "unread_data", "linger_zero", "linger2_negative"}) {
            if (job.kind->name == name) {
                jobs.push_back(job);
            }
        }
    }
    return jobs;
}

} // namespace

TEST_CASE("mixture: every entry of a random mixture is reported, and the sum equals the kernel's",
          "[mixture]") {
    if (!can_trace()) {
        return;
    }
    for (const unsigned seed : seeds()) {
        const TestNamespace ns;
        judge(ns, chosen(all_jobs(ns.add_slow_lane())), seed);
    }
}

TEST_CASE("mixture: with a tiny tcp_max_tw_buckets", "[mixture]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    ns.set_sysctl("net.ipv4.tcp_max_tw_buckets", "20");
    judge(ns, jobs_without_minisocks(), seeds().front());
}
