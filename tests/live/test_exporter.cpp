// The exporter against the kernel's counters, and against hostile clients.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <filesystem>

#include "catch2.h"
#include "errors.h"
#include "exporter.h"
#include "match.h"
#include "witness.h"
#include "worker.h"

using namespace live;

namespace {

std::vector<Job> some_closes(std::size_t times) {
    return std::vector<Job>(
        times, Job{&closing_kind("shutdown_then_peer_closes"), Family::V4, Role::Client});
}

/// Scrapes until `name` has this sum (or for ten seconds), and returns the last scrape.
Scrape scrape_until(const Exporter& exporter, const std::string& name, double sum) {
    Scrape scrape;
    wait_until(
        [&] {
            scrape = exporter.scrape();
            return sum_of(scrape, name) == sum;
        },
        Milliseconds(10000));
    return scrape;
}

/// A file system of a few pages, unmounted by the destructor.
class SmallDisk {
  public:
    SmallDisk() {
        check_call(mount("tmpfs", dir_.path().c_str(), "tmpfs", 0, "size=64k"), "mount");
    }
    ~SmallDisk() { umount2(dir_.path().c_str(), MNT_DETACH); }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;
    std::string file(const std::string& name) const { return dir_.file(name); }
    void fill() const {
        const Fd fd(check_call(open(file("filler").c_str(), O_WRONLY | O_CREAT, 0600), "filler"));
        const std::string page(4096, 'x');
        while (write(fd.get(), page.data(), page.size()) > 0) {
        }
    }
    std::int64_t changed_ns() const {
        struct stat status {};
        check_call(stat(dir_.path().c_str(), &status), "stat");
        return status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec;
    }

  private:
    TempDir dir_;
};

} // namespace

TEST_CASE("exporter: totals equal the kernel's counters", "[exporter]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    const Witness witness;
    const Exporter exporter(ns);
    const KernelCounters before = ns.counters();
    auto expected = run_jobs(ns, quick_jobs());
    const KernelCounters rise = ns.counters() - before;
    const std::uint64_t hidden = witness.take_hidden(expected);
    const auto kernel = static_cast<double>(rise.scheduled());
    // The kernel's counters are read at the next full second; the events are counted by then.
    const Scrape scrape = scrape_until(exporter, "twtrace_kernel_time_wait_total", kernel);
    CHECK(sum_of(scrape, "twtrace_kernel_time_wait_total") == kernel);
    require_equal_to_kernel(
        static_cast<std::uint64_t>(sum_of(scrape, "twtrace_time_wait_entered_total")), rise,
        hidden);
    CHECK(sum_of(scrape, "twtrace_passive_close_total") ==
          static_cast<double>(count_type(expected, "passive_close")));
    CHECK(sum_of(scrape, "twtrace_aborted_close_total") ==
          static_cast<double>(count_type(expected, "aborted")));
    CHECK(sum_of(scrape, "twtrace_time_wait_sockets") > 0);
    CHECK(sum_of(scrape, "twtrace_time_wait_limit") > 0);
    CHECK(value_of(scrape, "twtrace_events_lost_total") == 0.0);
    if (hidden == 0) {
        CHECK(value_of(scrape, "twtrace_events_unaccounted") == 0.0);
    }
    const double lifetimes = sum_of(scrape, "twtrace_connection_lifetime_seconds_count");
    CHECK(lifetimes <= sum_of(scrape, "twtrace_time_wait_entered_total"));
    CHECK(lifetimes > 0);
}

TEST_CASE("exporter: counters never decrease, and port use equals the closed connections",
          "[exporter]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    ns.set_sysctl("net.ipv4.ip_local_port_range", "40000 40399");
    ns.set_sysctl("net.ipv4.tcp_tw_reuse", "0");
    const Exporter exporter(ns);
    Forked worker = start_jobs(ns, some_closes(100));
    Scrape last;
    bool went_back = false;
    wait_until(
        [&] {
            const Scrape scrape = exporter.scrape();
            for (const auto& [series, value] : last) {
                const auto now = value_of(scrape, series);
                const bool is_counter = series.find("_total") != std::string::npos;
                went_back = went_back || (is_counter && (!now || *now < value));
            }
            last = scrape;
            return sum_of(scrape, "twtrace_time_wait_entered_total") == 100;
        },
        Milliseconds(10000));
    collect_jobs(worker);
    CHECK_FALSE(went_back);
    CHECK(sum_of(last, "twtrace_time_wait_entered_total", {"role=\"client\""}) == 100);
    CHECK(sum_of(last, "twtrace_ephemeral_port_use_ratio") == 0.25);
}

TEST_CASE("exporter: port use excludes ports that connect() may take over", "[exporter]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    ns.set_sysctl("net.ipv4.ip_local_port_range", "40000 40399");
    ns.set_sysctl("net.ipv4.tcp_tw_reuse", "2");
    const Exporter exporter(ns);
    run_jobs(ns, some_closes(100));
    Scrape last;
    const bool reusable = wait_until(
        [&] {
            last = exporter.scrape();
            return sum_of(last, "twtrace_time_wait_entered_total") == 100 &&
                   sum_of(last, "twtrace_ephemeral_port_use_ratio") == 0;
        },
        Milliseconds(10000));
    CHECK(reusable);
    const auto named = last.lower_bound("twtrace_ephemeral_port_use_ratio{");
    REQUIRE(named != last.end());
    CHECK(named->first.starts_with("twtrace_ephemeral_port_use_ratio{"));
}

TEST_CASE("exporter: hostile clients do not affect a scraper", "[exporter]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    const Exporter exporter(ns);
    run_jobs(ns, some_closes(10));
    REQUIRE(sum_of(scrape_until(exporter, "twtrace_time_wait_entered_total", 10),
                   "twtrace_time_wait_entered_total") == 10);
    std::vector<Fd> clients;
    const auto flood = [&](const std::string& words) {
        for (int count = 0; count < 1000; ++count) {
            Fd fd = connect_to_port(exporter.port());
            REQUIRE(fd);
            (void)send(fd.get(), words.data(), words.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
            clients.push_back(std::move(fd));
        }
    };
    const std::vector<std::string> hostile{
        "",                                                      // sends nothing
        "GET /metr",                                             // half a request
        std::string(10000, 'x'),                                 // not a request
        "GET /metrics HTTP/1.1\r\nX: " + std::string(9000, 'y'), // an endless head
        "GET /metrics HTTP/1.1\r\n\r\n", // a request, without reading the answer
        std::string("\0\x16\x03\x01\xff\xfe", 6) + "\r\n\r\n"}; // similar to TLS
    for (const std::string& words : hostile) {
        INFO(words.substr(0, 20));
        flood(words);
        const Scrape scrape = exporter.scrape(); // within the limit of ten seconds
        CHECK(sum_of(scrape, "twtrace_time_wait_entered_total") == 10);
        CHECK(sum_of(scrape, "process_open_fds") < 150);
        CHECK(sum_of(scrape, "process_resident_memory_bytes") < 128e6);
        if (clients.size() > 3000) {
            clients.clear();
        }
    }
    clients.clear();
    CHECK(http_get(exporter.port(), "/-/healthy").status == 200);
}

TEST_CASE("exporter: pages, and a password", "[exporter]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    const TempDir dir;
    const std::string file = dir.file("password");
    write_file(file, "# who may\nprometheus:open sesame\n");
    chmod(file.c_str(), 0640);
    const Exporter exporter(ns, {"--auth-file", file});
    const std::string right = "Authorization: Basic cHJvbWV0aGV1czpvcGVuIHNlc2FtZQ==\r\n";
    const std::string wrong = "Authorization: Basic cHJvbWV0aGV1czpvcGVuIHNlc2FtZA==\r\n";
    CHECK(http_get(exporter.port(), "/metrics").status == 401);
    CHECK(http_get(exporter.port(), "/").status == 401);
    CHECK(http_get(exporter.port(), "/metrics", wrong).status == 401);
    const HttpAnswer metrics = http_get(exporter.port(), "/metrics", right);
    CHECK(metrics.status == 200);
    CHECK(metrics.head.find("text/plain; version=0.0.4") != std::string::npos);
    CHECK(http_get(exporter.port(), "/", right).body.find("/metrics") != std::string::npos);
    CHECK(http_get(exporter.port(), "/nothing", right).status == 404);
    CHECK(http_get(exporter.port(), "/-/healthy").status == 200);
    const HttpAnswer packed =
        http_get(exporter.port(), "/metrics", right + "Accept-Encoding: gzip\r\n");
    CHECK(packed.head.find("Content-Encoding: gzip") != std::string::npos);
    CHECK(packed.body.substr(0, 2) == "\x1f\x8b");
    CHECK(packed.body.size() < metrics.body.size());
}

TEST_CASE("exporter: errors give one line and status 1", "[exporter][refusals]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    const Exporter first(ns);
    const TempDir dir;
    const std::string file = dir.file("password");
    write_file(file, "a:b\n");
    chmod(file.c_str(), 0644);
    const std::string taken = "127.0.0.1:" + std::to_string(first.port());
    struct Case {
        std::vector<std::string> arguments;
        int status;
        std::string words;
    };
    for (const Case& refused : {Case{{"--listen", taken}, 1, "Address already in use"},
                                Case{{"--listen", "192.0.2.1:10660"}, 1, "192.0.2.1"},
                                Case{{"--listen", "localhost"}, 2, "not an address"},
                                Case{{"--auth-file", file}, 1, "chmod"},
                                Case{{"--auth-file", dir.file("none")}, 1, "No such file"},
                                Case{{"--textfile", "/proc/nowhere/x.prom"}, 1, "/proc/nowhere"}}) {
        std::vector<std::string> argv{twtrace_binary(), "exporter", "--listen", "127.0.0.1:0"};
        argv.insert(argv.end(), refused.arguments.begin(), refused.arguments.end());
        const CommandResult result = run_command(argv);
        INFO(result.err);
        CHECK(result.exit_status == refused.status);
        CHECK(lines_of(result.err).size() == 1);
        CHECK(result.err.find(refused.words) != std::string::npos);
        CHECK(result.out.empty());
    }
}

TEST_CASE("exporter: on a full disk the old textfile stays", "[exporter]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    const SmallDisk disk;
    const std::string file = disk.file("twtrace.prom");
    Tracer tracer({"exporter", "--textfile", file, "-i", "0.1", "--netns", ns.path()});
    run_jobs(ns, some_closes(7));
    const auto entered = [&] {
        return sum_of(parse_scrape(read_file(file)), "twtrace_time_wait_entered_total");
    };
    await("the textfile counts", [&] { return entered() == 7; });
    struct stat status {};
    check_call(stat(file.c_str(), &status), "stat");
    CHECK((status.st_mode & 0777) == 0644);
    const auto failed = [&] {
        disk.fill(); // a file that is replaced meanwhile frees its space
        return tracer.command().err().find("No space left") != std::string::npos;
    };
    await("the error message", failed);
    const std::string old = read_file(file);
    CHECK(entered() == 7);
    run_jobs(ns, some_closes(5));
    for (int times = 0; times < 3; ++times) { // it keeps trying
        const std::int64_t before = disk.changed_ns();
        await("another attempt", [&] { return disk.changed_ns() != before; });
    }
    CHECK(read_file(file) == old);
    std::filesystem::remove(disk.file("filler"));
    await("the textfile is written again", [&] { return entered() == 12; });
    run_jobs(ns, some_closes(3));
    const CommandResult result = tracer.stop();
    CHECK(result.exit_status == 0);
    CHECK(entered() == 15); // including events after the last interval
    std::size_t complaints = 0;
    for (const std::string& line : lines_of(result.err)) {
        complaints += line.find("No space left") != std::string::npos ? 1 : 0;
    }
    CHECK(complaints == 1);
}
