// The other end of a connection: a listener of the same namespace, of another one, and names of
// addresses.
#include "catch2.h"
#include "cgroups.h"
#include "programs.h"
#include "tracer.h"

using namespace live;
using nlohmann::json;

namespace {

std::string busybox() {
    const Argv found = program("/bin/busybox");
    return found.empty() ? program("/usr/bin/busybox").back() : found.back();
}

bool can_run() {
    return can_trace() && (!program("/bin/busybox").empty() || have_programs({"/usr/bin/busybox"}));
}

/// Ready as soon as it returns.
class Server {
  public:
    Server(const TestNamespace& ns, const std::string& address, const Argv& before = {})
        : command_(before + Argv{busybox(), "httpd", "-f", "-p", address + ":8000", "-h", "/"},
                   ns.path()) {
        await("the server", [&] {
            check(command_.running(), "httpd: " + command_.err());
            return !ns.run_in([] {
                          const std::string tcp = read_file("/proc/self/net/tcp");
                          return std::string(tcp.find(":1F40 00000000:0000 0A") == tcp.npos ? ""
                                                                                            : "1");
                      }).empty();
        });
    }

  private:
    Command command_;
};

/// Connects and closes first.
void connect_once(const TestNamespace& ns, const std::string& address) {
    run_command({"bash", "-c", "exec 3<>/dev/tcp/" + address + "/8000; exec 3>&-"}, ns.path());
}

/// The first event of a client that has the key; services are looked up asynchronously.
json first_with(const char* key, Tracer& tracer, const TestNamespace& ns,
                const std::string& address) {
    json found;
    await(
        key,
        [&] {
            connect_once(ns, address);
            for (const json& event : of_type(parse_events(tracer.out()), "time_wait")) {
                if (event.at("role") == "client" && !event.at(key).is_null()) {
                    found = event;
                }
            }
            return !found.is_null();
        },
        Milliseconds(30'000));
    return found;
}

bool joined(const TestNamespace& one, const TestNamespace& other) {
    const auto run = [](const TestNamespace& ns, const std::string& script) {
        return run_command({"sh", "-ec", script}, ns.path());
    };
    // The other namespace is entered through its holder process.
    const std::string holder = other.path().substr(6, other.path().find('/', 6) - 6);
    const CommandResult made =
        run(one, "ip link add v0 type veth peer name v1 netns " + holder +
                     "; ip address add 10.99.0.1/24 dev v0; ip link set v0 up");
    if (made.exit_status != 0) {
        WARN("SKIP: no veth: " << made.err);
        return false;
    }
    return run(other, "ip address add 10.99.0.2/24 dev v1; ip link set v1 up").exit_status == 0;
}

} // namespace

TEST_CASE("other end: the listener on loopback is named, in JSON, summary and table",
          "[other-end]") {
    if (!can_run()) {
        return;
    }
    const TestNamespace ns;
    const Server server(ns, "127.0.0.1");
    Tracer tracer({"trace", "-o", "json", "--netns", ns.path()});
    Tracer summary({"summary", "-i", "0.2", "-o", "json", "--netns", ns.path()});
    Tracer table({"trace", "--netns", ns.path()});
    const json event = first_with("remote_service", tracer, ns, "127.0.0.1");
    CHECK(event.at("remote_service") == "busybox");
    CHECK(event.at("remote_addr") == "127.0.0.1");
    CHECK(event.at("remote_name").is_null());
    await("the table", [&] {
        connect_once(ns, "127.0.0.1");
        return table.out().find(" 127.0.0.1 (busybox)") != std::string::npos;
    });
    json peer;
    await("the summary", [&] {
        connect_once(ns, "127.0.0.1");
        for (const json& document : parse_events(summary.out())) {
            for (const json& group : document.at("groups")) {
                for (const json& one : group.at("peers")) {
                    if (one.at("service_port") == 8000 && !one.at("remote_service").is_null()) {
                        peer = one;
                    }
                }
            }
        }
        return !peer.is_null();
    });
    CHECK(peer.at("remote_service") == "busybox");
}

TEST_CASE("other end: the listener of another namespace is named without CAP_SYS_ADMIN too",
          "[other-end]") {
    if (!can_run()) {
        return;
    }
    const TestNamespace ns;
    const Server server(ns, "127.0.0.1");
    Tracer tracer({"trace", "-o", "json"},
                  {"setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"});
    CHECK(first_with("remote_service", tracer, ns, "127.0.0.1").at("remote_service") == "busybox");
}

TEST_CASE("other end: a listener in another namespace is named by its container", "[other-end]") {
    if (!can_run() || !TestCgroups::can_make()) {
        return;
    }
    const TestNamespace ns;
    const TestNamespace other;
    if (!joined(ns, other)) {
        return;
    }
    TestCgroups cgroups;
    const Server server(other, "10.99.0.2",
                        TestCgroups::starting_in(cgroups.make("/lxc.payload.db")));
    Tracer tracer({"trace", "-o", "json", "--netns", ns.path()});
    CHECK(first_with("remote_service", tracer, ns, "10.99.0.2").at("remote_service") == "db");
}

TEST_CASE("other end: addresses get names with -r only", "[other-end]") {
    if (!can_run()) {
        return;
    }
    const TestNamespace ns;
    const Server server(ns, "127.0.0.1");
    Tracer without({"trace", "-o", "json", "--netns", ns.path()});
    Tracer tracer({"trace", "-r", "-o", "json", "--netns", ns.path()});
    const json event = first_with("remote_name", tracer, ns, "127.0.0.1");
    CHECK(event.at("remote_name") == "localhost"); // /etc/hosts
    CHECK(event.at("remote_addr") == "127.0.0.1");
    for (const json& one : parse_events(without.stop().out)) {
        CHECK(one.at("remote_name").is_null());
    }
}

TEST_CASE("other end: with --all a client that closes second is named", "[other-end]") {
    if (!can_run()) {
        return;
    }
    const TestNamespace ns;
    const Server server(ns, "127.0.0.1");
    Tracer tracer = trace_all(ns);
    const CommandResult got = run_command({"bash", "-c",
                                           "exec 3<>/dev/tcp/127.0.0.1/8000; printf 'GET /none "
                                           "HTTP/1.0\r\n\r\n' >&3; cat <&3; exec 3>&-"},
                                          ns.path());
    INFO(got.out << got.err);
    await("both ends",
          [&] { return of_type(parse_events(tracer.out()), "time_wait").size() == 1; });
    for (const json& event : of_type(parse_events(tracer.stop().out), "time_wait")) {
        INFO(event.dump());
        CHECK(event.at("role") == "server");
        CHECK(event.at("comm") == "busybox");
        CHECK(event.at("remote_service") == "bash");
    }
}

TEST_CASE("names: the program of an interpreter is its script, without other arguments",
          "[names]") {
    if (!can_run()) {
        return;
    }
    const TestNamespace ns;
    const TempDir dir;
    const Server server(ns, "127.0.0.1");
    const std::string script = dir.file("client.sh");
    write_file(script, "exec 3<>/dev/tcp/127.0.0.1/8000; exec 3>&-\n"
                       "until [[ -e $1 ]]; do sleep 0.02; done\n");
    Tracer tracer = trace_all(ns);
    Command client({"bash", script, dir.file("stop"), "--password=secret"}, ns.path());
    await("its close", [&] { return parse_events(tracer.out()).size() >= 2; });
    write_file(dir.file("stop"), "");
    client.wait();
    const CommandResult result = tracer.stop();
    CHECK(result.out.find("secret") == std::string::npos);
    std::size_t clients = 0;
    for (const json& event : parse_events(result.out)) {
        INFO(event.dump());
        const bool is_client = event.at("role") == "client";
        clients += is_client ? 1 : 0;
        if (is_client) {
            CHECK(event.at("program") == "bash " + script);
        }
        CHECK(event.at("cmdline").is_null());
    }
    CHECK(clients == 1);
}
