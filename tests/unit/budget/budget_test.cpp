#include "catch2.h"

#include <string>
#include <vector>

#include "budget/budget.h"
#include "budget/junit.h"
#include "events.h"

using namespace twtrace;
using namespace twtrace::test;

namespace {

Budget budget_of(const std::string& text) {
    auto budget = parse_budget(text);
    if (!budget)
        FAIL(budget.error().message);
    return *budget;
}

std::string error_of(const std::string& text) {
    const auto budget = parse_budget(text);
    REQUIRE_FALSE(budget);
    CHECK(budget.error().exit_code == ExitCode::Usage);
    return budget.error().message;
}

PeerRow peer_row(const char* address, std::uint16_t port, std::uint64_t time_wait, double use) {
    PeerRow peer;
    peer.remote = parse_address(address);
    peer.service_port = port;
    peer.time_wait = time_wait;
    peer.port_use = use;
    return peer;
}

Snapshot two_services() {
    Snapshot snapshot;
    snapshot.duration_s = 10;
    snapshot.totals.time_wait = 150;
    snapshot.totals.port_exhausted = 3;
    GroupRow api;
    api.service = "api.service";
    api.unit = "api.service";
    api.comm = "python3";
    api.pid = 811;
    api.counts.time_wait = 120;
    api.counts.port_exhausted = 3;
    api.peers = {peer_row("127.0.0.1", 5432, 100, 0.5), peer_row("10.0.0.1", 80, 20, 0.1)};
    GroupRow web;
    web.service = "web.service";
    web.unit = "web.service";
    web.comm = "nginx";
    web.counts.time_wait = 30;
    web.peers = {peer_row("127.0.0.1", 5432, 30, 0.2)};
    snapshot.groups = {api, web};
    return snapshot;
}

BudgetVerdict verdict_on(const std::string& text) {
    return judge(budget_of(text), two_services());
}

} // namespace

TEST_CASE("budget: each comparison at its limit") {
    CHECK_FALSE(verdict_on("time_wait > 150").exceeded);
    CHECK(verdict_on("time_wait > 149").exceeded);
    CHECK(verdict_on("time_wait>=150").exceeded);
    CHECK_FALSE(verdict_on("time_wait < 150").exceeded);
    CHECK(verdict_on("time_wait < 151").exceeded);
    CHECK(verdict_on("time_wait <= 150").exceeded);
    CHECK(verdict_on("time_wait == 150").exceeded);
    CHECK_FALSE(verdict_on("time_wait == 151").exceeded);
}

TEST_CASE("budget: a process whose threads have different names is selected by its own name") {
    Snapshot snapshot = two_services();
    snapshot.groups[1].process = "node";
    snapshot.groups[1].comm.reset();
    CHECK(judge(budget_of("time_wait{comm=node} > 0"), snapshot).value == 30.0);
    CHECK(judge(budget_of("time_wait{comm=python3} > 0"), snapshot).value == 120.0);
    CHECK(judge(budget_of("time_wait{comm=web.service} > 0"), snapshot).value == 0.0);
}

TEST_CASE("budget: labels select groups and peers") {
    CHECK(verdict_on("time_wait{service=api.service} > 0").value == 120.0);
    CHECK(verdict_on("time_wait{unit=web} > 0").value == 30.0);
    CHECK(verdict_on("time_wait{unit=web.service} > 0").value == 30.0);
    CHECK(verdict_on("time_wait{comm=nginx} > 0").value == 30.0);
    CHECK(verdict_on("time_wait{peer=127.0.0.1:5432} > 0").value == 130.0);
    CHECK(verdict_on("time_wait{peer=10.0.0.1} > 0").value == 20.0);
    CHECK(verdict_on("time_wait{peer=[::ffff:10.0.0.1]:80} > 0").value == 20.0);
    CHECK(verdict_on("time_wait{comm=python3, peer=127.0.0.1:5432} > 0").value == 100.0);
    CHECK(verdict_on("rate{service=api.service} > 0").value == 12.0);
    CHECK(verdict_on("port_use > 0.4").value == 0.5);
    CHECK(verdict_on("port_use{comm=nginx} > 0.4").value == 0.2);
    CHECK(verdict_on("port_exhausted > 0").value == 3.0);
}

TEST_CASE("budget: without closes the value is 0, and an unknown share exceeds nothing") {
    CHECK(verdict_on("time_wait{service=none} > 0").value == 0.0);
    CHECK_FALSE(verdict_on("port_use{service=none} < 1").exceeded);
    CHECK_FALSE(verdict_on("port_use{service=none} < 1").value);
}

TEST_CASE("budget: the message names the largest contributor, and unaccounted entries") {
    Snapshot snapshot = two_services();
    CHECK(judge(budget_of("time_wait > 20"), snapshot).message ==
          "budget exceeded: time_wait > 20: it is 150, most of it by api.service (pid 811) towards "
          "127.0.0.1:5432; `twtrace doctor` says what to change");
    snapshot.accounting.unaccounted = 7;
    CHECK_THAT(judge(budget_of("time_wait > 20"), snapshot).message,
               Catch::Matchers::Contains("7 more entries are not accounted for"));
    CHECK(judge(budget_of("time_wait > 2000"), snapshot).message.empty());
}

TEST_CASE("budget: errors list the valid words") {
    using Catch::Matchers::Contains;
    CHECK_THAT(error_of("timewait > 1"), Contains("the fields are: time_wait, fin_wait2, aborted"));
    CHECK_THAT(error_of("time_wait{pier=1.2.3.4} > 1"), Contains("the labels are: peer, service"));
    CHECK_THAT(error_of("time_wait != 1"), Contains("the comparisons are: >="));
    CHECK_THAT(error_of("time_wait > many"), Contains("'many' is not a number"));
    CHECK_THAT(error_of("time_wait > 1e999"), Contains("is not a number"));
    CHECK_THAT(error_of("time_wait"), Contains("has no comparison"));
    CHECK_THAT(error_of(""), Contains("has no comparison"));
    CHECK_THAT(error_of("time_wait{peer=1.2.3.4 > 1"), Contains("no closing"));
    CHECK_THAT(error_of("time_wait{peer=1.2.3.4:x} > 1"), Contains("is not a peer"));
    CHECK_THAT(error_of("time_wait{} > 1"), Contains("write LABEL=VALUE"));
    CHECK_THAT(error_of("aborted{peer=1.2.3.4} > 1"), Contains("known for a peer"));
}

TEST_CASE("budget: a label needs a grouping whose rows have one value of it") {
    const auto allows = [](const std::string& text, GroupBy by) {
        const auto checked = check_grouping({budget_of("time_wait > 5"), budget_of(text)}, by);
        CHECK((checked || checked.error().exit_code == ExitCode::Usage));
        return checked.has_value();
    };
    for (const char* label : {"service", "unit", "container", "comm"}) {
        const std::string text = "time_wait{" + std::string(label) + "=svcA} > 5";
        INFO(text);
        CHECK(allows(text, GroupBy::Process));
        CHECK(allows(text, GroupBy::Service) == (text.find("service") != std::string::npos));
        CHECK(allows(text, GroupBy::Container) == (text.find("container") != std::string::npos));
        for (const GroupBy by : {GroupBy::Peer, GroupBy::Listener, GroupBy::Netns})
            CHECK_FALSE(allows(text, by));
    }
    CHECK(allows("time_wait{peer=10.0.0.1:80} > 5", GroupBy::Netns));
    CHECK(
        check_grouping({budget_of("time_wait{service=svcA} > 5")}, GroupBy::Peer).error().message ==
        "--fail-if 'time_wait{service=svcA} > 5' cannot be judged with -g peer: its rows mix "
        "closes with different values of the label service; use -g process or -g service");
}

TEST_CASE("budget: the first of several intervals that exceeded it is reported") {
    std::vector<BudgetVerdict> all;
    merge_verdicts(all, {BudgetVerdict{"a", 1, false, ""}});
    merge_verdicts(all, {BudgetVerdict{"a", 9, true, "nine"}});
    merge_verdicts(all, {BudgetVerdict{"a", 2, false, ""}});
    merge_verdicts(all, {BudgetVerdict{"a", 8, true, "eight"}});
    REQUIRE(all.size() == 1);
    CHECK(all[0].message == "nine");
}

TEST_CASE("budget: JUnit has each budget, escaped for XML") {
    const std::string xml = junit_of({BudgetVerdict{"time_wait > 5", 9, true, "by <a&\"b\x1b\">"},
                                      BudgetVerdict{"rate > 1", 0, false, ""}},
                                     1.5);
    CHECK(xml == "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
                 "  <testsuite name=\"twtrace\" tests=\"2\" failures=\"1\" time=\"1.500\">\n"
                 "    <testcase classname=\"twtrace.budget\" name=\"time_wait &gt; 5\">\n"
                 "      <failure message=\"by &lt;a&amp;&quot;b?&quot;&gt;\"/>\n    </testcase>\n"
                 "    <testcase classname=\"twtrace.budget\" name=\"rate &gt; 1\"/>\n"
                 "  </testsuite>\n</testsuites>\n");
}
