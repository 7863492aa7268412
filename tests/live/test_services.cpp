// Which side closes first: nginx, haproxy, redis and postgres with their defaults (docs/services.md
// has the table), and which service a summary of all of them names.
#include <algorithm>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <set>

#include "catch2.h"
#include "errors.h"
#include "nginx.h"
#include "programs.h"
#include "services.h"
#include "tracer.h"

using namespace live;
using nlohmann::json;

namespace {

const std::string get = "GET / HTTP/1.1\r\nHost: test\r\n";
const std::string keep = get + "\r\n";
const std::string no_keep = get + "Connection: close\r\n\r\n";
const std::string answer = "\r\n\r\nok";

void in(const TestNamespace& ns, const std::function<void()>& work) {
    ns.run_in([&] {
        work();
        return std::string();
    });
}

/// One request, after which the client closes, or waits until the server does.
void request(const TestNamespace& ns, std::uint16_t port, const std::string& text,
             bool wait_for_eof) {
    in(ns, [&] {
        const Client client(port);
        client.send(text);
        client.await(answer);
        if (wait_for_eof) {
            client.await_eof();
        }
    });
}

/// Who closed the connections to this port first: "client bash 3, server nginx 1", with "reset" if
/// there was no TIME_WAIT.
std::string closers(const std::vector<json>& events, std::uint16_t port) {
    std::map<std::string, int> counts;
    for (const json& event : events) {
        const bool client = event.at("role") == "client";
        if (event.at("type") != "passive_close" && event.at("comm").is_string() &&
            event.at(client ? "remote_port" : "local_port") == port) {
            ++counts[event.at("role").get<std::string>() + " " +
                     event.at("comm").get<std::string>() +
                     (event.at("type") == "aborted" ? " reset" : "")];
        }
    }
    std::string text;
    for (const auto& [name, count] : counts) {
        text += (text.empty() ? "" : ", ") + name + " " + std::to_string(count);
    }
    return text;
}

const std::string me = "twtrace_live_te";

const std::string either = "either";

struct Row {
    std::string what;
    std::uint16_t port;  ///< of the side that listens
    std::string closers; ///< "either": both close, in any order
};

void judge(const std::vector<json>& events, const std::vector<Row>& rows) {
    const bool show = std::getenv("TWTRACE_SHOW_CLOSERS") != nullptr;
    for (const Row& row : rows) {
        if (show) {
            std::cout << row.what << ": " << closers(events, row.port) << "\n";
        }
        INFO(row.what);
        if (row.closers == either) {
            CHECK(!closers(events, row.port).empty());
        } else {
            CHECK(closers(events, row.port) == row.closers);
        }
    }
}

} // namespace

TEST_CASE("services: which side closes, nginx and haproxy", "[services]") {
    if (!can_run_services({"/usr/sbin/haproxy"})) {
        return;
    }
    const TestNamespace ns;
    TestCgroups cgroups;
    const TempDir nginx_dir;
    const TempDir haproxy_dir;
    const std::string back = "proxy_pass http://127.0.0.1:";
    const Service nginx(
        ns, cgroups.make("/system.slice/nginx.service"),
        nginx_argv(nginx_dir,
                   "keepalive_timeout 1s;"
                   "server { listen 127.0.0.1:8001; location / { return 200 ok; } }"
                   "server { listen 127.0.0.1:8002; keepalive_requests 2; location / { return 200 "
                   "ok; } }"
                   "server { listen 127.0.0.1:8003; location / { return 200 ok; } }"
                   "server { listen 127.0.0.1:8004; location / { return 200 ok; } }"
                   "server { listen 127.0.0.1:8005; location / { return 200 ok; } }"
                   "server { listen 127.0.0.1:8006; location / { return 200 ok; } }"
                   "server { listen 127.0.0.1:8011; location / { " +
                       back +
                       "8021; } }"
                       "server { listen 127.0.0.1:8012; location / { proxy_http_version 1.1; "
                       "proxy_set_header Connection \"\"; " +
                       back + "8022; } }"),
        8012);
    const Service haproxy(
        ns, cgroups.make("/system.slice/haproxy.service"),
        haproxy_argv(haproxy_dir,
                     "listen a\n bind 127.0.0.1:8021\n server s 127.0.0.1:8003\n"
                     "listen b\n bind 127.0.0.1:8022\n server s 127.0.0.1:8003\n"
                     "listen c\n bind 127.0.0.1:8023\n option httpclose\n server s 127.0.0.1:8004\n"
                     "listen d\n bind 127.0.0.1:8024\n option http-server-close\n"
                     " server s 127.0.0.1:8005\n"
                     "listen e\n bind 127.0.0.1:8025\n option http-keep-alive\n"
                     " timeout http-keep-alive 500ms\n server s 127.0.0.1:8006\n"),
        8025);
    Tracer tracer = trace_all(ns);
    const KernelCounters before = ns.counters();
    request(ns, 8001, keep, true);
    in(ns, [] {
        const Client client(8002);
        for (int i = 0; i < 2; ++i) {
            client.send(keep);
            client.await(answer);
        }
        client.await_eof();
    });
    for (int i = 0; i < 10; ++i) {
        request(ns, 8011, no_keep, true);
        request(ns, 8023, keep, true);
        request(ns, 8024, keep, false);
    }
    request(ns, 8012, no_keep, true);
    request(ns, 8025, keep, true);
    await_time_waits(ns, before, 45);
    const auto events = parse_events(tracer.stop().out);
    judge(events,
          {{"nginx, keepalive_timeout", 8001, "server nginx 1"},
           {"nginx, keepalive_requests reached", 8002, "server nginx 1"},
           {"nginx, asked for Connection: close", 8011, "server nginx 10"},
           {"nginx to haproxy, as it is delivered (HTTP/1.0)", 8021, either},
           {"nginx to haproxy, HTTP/1.1 without upstream keepalive", 8022, "client nginx 1"},
           {"haproxy's client, option httpclose", 8023, "server haproxy 10"},
           {"haproxy to its server, option httpclose", 8004, either},
           {"haproxy to its server, option http-server-close", 8005, either},
           {"haproxy's client, timeout http-keep-alive", 8025, "server haproxy 1"}});
}

TEST_CASE("services: which side closes, redis and postgres", "[services]") {
    if (!can_run_services({"/usr/bin/redis-server", "/usr/bin/redis-benchmark",
                           "/usr/lib/postgresql/*/bin/postgres",
                           "/usr/lib/postgresql/*/bin/psql"})) {
        return;
    }
    const TestNamespace ns;
    TestCgroups cgroups;
    const TempDir postgres_dir;
    const std::string redis_cgroup = cgroups.make("/system.slice/redis-server.service");
    const Service redis(ns, redis_cgroup, redis_argv(6379, "0"), 6379);
    const Service impatient(ns, redis_cgroup, redis_argv(6380, "1"), 6380);
    const Service more(ns, redis_cgroup, redis_argv(6381, "0"), 6381);
    const Service postgres(
        ns, cgroups.make("/system.slice/system-postgresql.slice/postgresql@15-main.service"),
        postgres_argv(postgres_dir, 5432), 5432);
    Tracer tracer = trace_all(ns);
    run_client(ns, program("/usr/bin/redis-cli") + Argv{"-p", "6379", "PING"});
    in(ns, [] {
        const Client client(6380);
        client.send("PING\r\n");
        client.await("+PONG");
        client.await_eof();
    });
    run_client(ns,
               program("/usr/bin/redis-benchmark") +
                   Argv{"-p", "6381", "-t", "ping_inline", "-k", "0", "-n", "20", "-c", "4", "-q"});
    run_client(ns, psql_argv(5432, "select 1"));
    Command sleeper(psql_argv(5432, "select pg_sleep(60)"), ns.path());
    const std::string terminate =
        "select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep(60)%' "
        "and pid <> pg_backend_pid()";
    int by_psql = 1; // "select 1"
    await("a backend to terminate", [&] {
        ++by_psql;
        return run_command(psql_argv(5432, terminate), ns.path()).out == "t\n";
    });
    CHECK(sleeper.wait().exit_status != 0);
    // psql announces its end and then closes; a terminated backend announces it and then ends. The
    // receiver may be faster, so each connection is closed by either side.
    std::set<std::string> possible{"client psql " + std::to_string(by_psql + 1),
                                   "server postgres " + std::to_string(by_psql + 1)};
    for (int quicker = 1; quicker <= by_psql; ++quicker) {
        possible.insert("client psql " + std::to_string(by_psql + 1 - quicker) +
                        ", server postgres " + std::to_string(quicker));
    }
    // The kernel's sum is not used, because connections closed earlier may enter TIME_WAIT later.
    wait_until([&] { return possible.count(closers(parse_events(tracer.out()), 5432)) == 1; },
               Milliseconds(10000));
    const auto events = parse_events(tracer.stop().out);
    judge(events, {{"redis-cli", 6379, "client redis-cli 1"},
                   {"redis, timeout 1", 6380, "server redis-server 1"}});
    const std::string benchmark = closers(events, 6381);
    const std::string database = closers(events, 5432);
    if (std::getenv("TWTRACE_SHOW_CLOSERS") != nullptr) {
        std::cout << benchmark << "\n" << database << "\n";
    }
    CHECK(benchmark.starts_with("client redis-benchmar"));
    CHECK(benchmark.find("server") == std::string::npos);
    INFO(database);
    CHECK(possible.count(database) == 1);
}
