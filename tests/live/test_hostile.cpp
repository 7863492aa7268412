// Names and recordings that another user chose, and a terminal that goes away.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <memory>
#include <random>

#include "catch2.h"
#include "cgroups.h"
#include "exporter.h"
#include "namespaces.h"
#include "terminal.h"
#include "tracer.h"
#include "worker.h"

using namespace live;
using nlohmann::json;

namespace {

constexpr std::size_t closes = 20;

bool has_control_characters(const std::string& text) {
    return std::any_of(text.begin(), text.end(), [](unsigned char byte) {
        return (byte < ' ' && byte != '\n') || byte == 0x7f;
    });
}

} // namespace

TEST_CASE("hostile: the name of a cgroup cannot control the terminal or forge output",
          "[hostile][cgroups]") {
    if (!can_trace()) {
        return;
    }
    if (!TestCgroups::can_make()) {
        WARN("SKIP: no writable cgroup hierarchy");
        return;
    }
    TestCgroups cgroups;
    const std::string cgroup =
        cgroups.make("/\x1b[2J\x1b]0;owned\x07\r\"} 1 $(id)'<script>\x7f.service");
    const TestNamespace ns;
    const Exporter exporter(ns);
    std::vector<std::unique_ptr<Tracer>> tracers;
    for (const char* format : {"table", "csv", "json"}) {
        tracers.push_back(std::make_unique<Tracer>(
            std::vector<std::string>{"trace", "-w", "-o", format, "--netns", ns.path()}));
        tracers.push_back(std::make_unique<Tracer>(std::vector<std::string>{
            "summary", "-g", "service", "-o", format, "--netns", ns.path()}));
    }
    WorkerOptions options;
    options.cgroup = cgroup;
    options.stays = true;
    Forked worker = start_jobs(ns, jobs_of(closes), options);
    const std::string counter = "twtrace_time_wait_entered_total";
    await("the exporter counts the closes",
          [&] { return sum_of(exporter.scrape(), counter) >= closes; });
    for (const auto& tracer : tracers) {
        const CommandResult result = tracer->stop();
        INFO(result.out);
        CHECK(result.exit_status == 0);
        CHECK_FALSE(has_control_characters(result.out));
    }
    const std::string metrics = http_get(exporter.port(), "/metrics").body;
    CHECK(metrics.find("owned") == std::string::npos); // it is no unit's name
    CHECK_FALSE(has_control_characters(metrics));
    CHECK(sum_of(parse_scrape(metrics), counter) == closes);
    let_go(worker);
    collect_jobs(worker);
}

TEST_CASE("hostile: a damaged recording is reported in one line, or read up to the damage",
          "[hostile][recording]") {
    const std::string demo = read_file(std::string(TWTRACE_SOURCE) + "/docs/demo.twr");
    const TempDir dir;
    const std::string path = dir.file("damaged.twr");
    std::mt19937 random(20261129);
    for (int attempt = 0; attempt < 8; ++attempt) {
        std::string bytes = demo.substr(0, attempt % 2 == 0 ? demo.size() : random() % demo.size());
        for (int change = 0; change < 1 + attempt && !bytes.empty(); ++change) {
            // The first ones are in the header.
            const std::size_t range = attempt < 2 ? 64 : bytes.size();
            bytes[random() % std::min(range, bytes.size())] = static_cast<char>(random() % 256);
        }
        write_file(path, bytes);
        for (const char* command : {"trace", "summary", "doctor", "list", "what-if"}) {
            const CommandResult result = run_command({twtrace_binary(), command, "--from", path});
            INFO(command << ", attempt " << attempt << ": " << result.err);
            CHECK(result.exit_status <= 3);
            CHECK_FALSE(has_control_characters(result.out + result.err));
            if (result.exit_status == 1) {
                CHECK(lines_of(result.err).size() == 1);
            }
        }
    }
}

TEST_CASE("hostile: a tracer ends when its terminal goes away, also if it ignores SIGHUP",
          "[hostile]") {
    if (!can_trace() || !has_terminal()) {
        return;
    }
    const TestNamespace ns;
    for (const char* command : {"trace", "summary -i 1", "top -i 0.2"}) {
        INFO(command);
        auto terminal = std::make_unique<Terminal>(100, 30);
        terminal->enter("trap '' HUP");
        terminal->enter(twtrace_binary() + " " + command + " --netns " + ns.path());
        await("its first closes", [&] {
            close_in(ns, 1);
            return terminal->screen().find("127.0.0.1") != std::string::npos;
        });
        const int pid = terminal->pid_of("twtrace");
        REQUIRE(pid != 0);
        terminal.reset();
        await(
            "it ends",
            [&] {
                close_in(ns, 1);
                return !std::filesystem::exists("/proc/" + std::to_string(pid));
            },
            Milliseconds(60000));
    }
}
