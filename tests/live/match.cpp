#include "match.h"

#include <algorithm>
#include <cstdlib>
#include <map>

#include "catch2.h"
#include "tracer.h"

namespace live {

namespace {

using nlohmann::json;
using Texts = std::vector<std::string>;

// The type is not part of the key, so that a wrong type is reported as such, not as one missing and
// one extra event.
std::string key_of(const json& event) {
    return event.at("local_addr").get<std::string>() + " " + event.at("local_port").dump() + " " +
           event.at("remote_addr").get<std::string>() + " " + event.at("remote_port").dump();
}

std::string key_of(const Expected& e) {
    return e.local.addr + " " + std::to_string(e.local.port) + " " + e.remote.addr + " " +
           std::to_string(e.remote.port);
}

/// tcp_max_tw_buckets was reached: the kernel chooses the affected closes, only their number is
/// known.
bool is_overflow(const json& event) {
    return event.at("type") == "aborted" && event.value("reason", json()) == "overflow";
}

class FieldCheck {
  public:
    FieldCheck(const Expected& expected, const json& event) : expected_(expected), event_(event) {}

    void field(const char* name, const json& want) {
        const json got = event_.value(name, json("(no such key)"));
        if (got != want) {
            wrong_.push_back(expected_.kind + ": " + name + " is " + got.dump() + ", not " +
                             want.dump() + " in " + event_.dump());
        }
    }

    void promised(const char* name, const std::string& want) {
        if (!want.empty()) {
            field(name, want);
        }
    }

    /// The connection began and ended during the trace.
    void known_time(const char* name) {
        const json got = event_.value(name, json("(no such key)"));
        constexpr std::uint64_t ten_minutes_us = 600'000'000;
        if (!got.is_number_unsigned() || got.get<std::uint64_t>() > ten_minutes_us) {
            wrong_.push_back(expected_.kind + ": " + name + " is " + got.dump() + " in " +
                             event_.dump());
        }
    }

    Texts take() { return std::move(wrong_); }

  private:
    const Expected& expected_;
    const json& event_;
    Texts wrong_;
};

Texts field_differences(const Expected& e, const json& event, std::uint64_t netns) {
    FieldCheck check_it(e, event);
    const bool overflow = e.outcome.type == "time_wait" && is_overflow(event);
    if (!e.doubtful && !overflow) {
        check_it.field("type", e.outcome.type);
        check_it.promised("stage", e.outcome.stage);
    }
    check_it.promised("how", e.outcome.how);
    check_it.field("role", e.role);
    check_it.field("pid", e.task.pid);
    check_it.field("tid", e.task.tid);
    check_it.field("uid", e.task.uid);
    check_it.field("comm", e.task.comm);
    check_it.field("family", e.family);
    check_it.field("netns", netns);
    if (e.outcome.type == "time_wait" && !e.doubtful) {
        check_it.field("bytes_sent", e.bytes_sent);
        check_it.field("bytes_received", e.bytes_received);
        check_it.known_time("lifetime_us");
        check_it.known_time("close_us");
    }
    return check_it.take();
}

/// One example of each kind of difference: a systematic one must not hide rare ones.
std::map<std::string, Texts> sorted_by_kind(const Texts& all) {
    std::map<std::string, Texts> sorts;
    for (const std::string& one : all) {
        sorts[one.substr(0, one.find(" in {"))].push_back(one);
    }
    return sorts;
}

} // namespace

Texts differences(const std::vector<Expected>& expected, const std::vector<json>& reported,
                  std::uint64_t netns) {
    std::multimap<std::string, const json*> open;
    for (const json& event : reported) {
        open.emplace(key_of(event), &event);
    }
    Texts all;
    for (const Expected& e : expected) {
        // A port that was taken over gives a second event with the same tuple: the better match
        // belongs to this one.
        const auto [begin, end] = open.equal_range(key_of(e));
        auto best = end;
        Texts best_differences;
        for (auto it = begin; it != end; ++it) {
            Texts here = field_differences(e, *it->second, netns);
            if (best == end || here.size() < best_differences.size()) {
                best = it;
                best_differences = std::move(here);
            }
        }
        if (best == end) {
            all.push_back("missing: " + describe(e));
            continue;
        }
        all.insert(all.end(), best_differences.begin(), best_differences.end());
        open.erase(best);
    }
    for (const auto& [key, event] : open) {
        all.push_back("unexpected: " + event->dump());
    }
    return all;
}

bool is_slow_machine() {
    const char* slow = std::getenv("TWTRACE_SLOW_MACHINE");
    return slow != nullptr && std::string(slow) == "1";
}

void fold_late_resets(std::vector<json>& reported) {
    if (!is_slow_machine()) {
        return;
    }
    std::map<std::string, std::size_t> entries;
    std::vector<json> folded;
    for (json& event : reported) {
        const std::string socket = key_of(event) + " " + event.at("time").get<std::string>();
        const auto entry = entries.find(socket);
        if (entry != entries.end() && event.at("type") == "aborted") {
            WARN("a reset came late: " << event.dump());
            folded[entry->second] = std::move(event);
            entries.erase(entry);
            continue;
        }
        if (event.at("type") == "time_wait" && event.at("stage") == "fin_wait2") {
            entries[socket] = folded.size();
        }
        folded.push_back(std::move(event));
    }
    reported = std::move(folded);
}

void require_no_difference(const std::vector<Expected>& expected, const std::vector<json>& reported,
                           std::uint64_t netns) {
    const Texts all = differences(expected, reported, netns);
    constexpr std::size_t at_most = 30;
    std::size_t shown = 0;
    for (const auto& [sort, examples] : sorted_by_kind(all)) {
        if (++shown <= at_most) {
            UNSCOPED_INFO(examples.size() << " times: " << examples.front());
        }
    }
    CHECK(all.empty());
}

void require_equal_to_kernel(std::uint64_t time_wait, const KernelCounters& rise,
                             std::uint64_t hidden, const Uncounted& uncounted,
                             std::uint64_t skipped) {
    INFO("the kernel says: " << to_string(rise));
    INFO("hidden from BPF: " << hidden << ", skipped: " << skipped);
    const std::uint64_t kernel = entered(rise);
    if (uncounted.at_most > 0) {
        WARN("this kernel does not count " << time_wait + hidden - kernel << ", which has to be "
                                           << uncounted.at_least << " to " << uncounted.at_most);
    }
    CHECK(time_wait + hidden + skipped >= kernel + uncounted.at_least);
    CHECK(time_wait + hidden <= kernel + uncounted.at_most);
}

void require_equal_to_kernel(const std::vector<json>& reported, const KernelCounters& rise,
                             std::uint64_t hidden, const Uncounted& uncounted,
                             std::uint64_t skipped) {
    require_equal_to_kernel(of_type(reported, "time_wait").size(), rise, hidden, uncounted,
                            skipped);
    INFO("the kernel says: " << to_string(rise));
    const auto overflow =
        static_cast<std::uint64_t>(std::count_if(reported.begin(), reported.end(), is_overflow));
    CHECK(overflow + skipped >= rise.tw_overflow);
    CHECK(overflow <= rise.tw_overflow);
}

} // namespace live
