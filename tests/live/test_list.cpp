// `twtrace list` against sockets with known state and owner.
#include <sys/mount.h>
#include <unistd.h>

#include <sys/wait.h>

#include <algorithm>

#include "catch2.h"
#include "closings.h"
#include "errors.h"
#include "forked.h"
#include "tracer.h"

using namespace live;
using nlohmann::json;

namespace {

constexpr int fin_wait2 = 5;
constexpr int time_wait = 6;

json describe(const Connection& c, const std::string& state) {
    return {{"state", state},
            {"server", c.active.role == Role::Server},
            {"family", c.family == Family::V6 ? 6 : 4},
            {"local_addr", c.active.local.addr},
            {"local_port", c.active.local.port},
            {"remote_addr", c.active.remote.addr},
            {"remote_port", c.active.remote.port}};
}

void await_minisock(const Connection& c, int state) {
    await("a minisock", [&] {
        const DiagState now = diag_state(c, c.active);
        return now.minisock && now.state == state;
    });
}

// Four connections per family: either end closes first, and the peer closes too or only
// acknowledges.
json make_sockets(std::vector<Connection>& kept) {
    json made = json::array();
    for (const Family family : {Family::V4, Family::V6, Family::Mapped}) {
        for (const Role active : {Role::Client, Role::Server}) {
            Connection both = connect_pair(family, active);
            both.active.close();
            both.passive.read_to_eof();
            both.passive.close();
            await_minisock(both, time_wait);
            made.push_back(describe(both, "time_wait"));

            Connection half = connect_pair(family, active);
            half.active.close();
            half.passive.read_to_eof();
            half.passive.ack_now();
            await_minisock(half, fin_wait2);
            made.push_back(describe(half, "fin_wait2"));
            kept.push_back(std::move(half));
        }
    }
    // A full socket in FIN_WAIT2, which the list does not show.
    Connection full = connect_pair(Family::V4, Role::Client);
    full.active.shutdown_write();
    full.passive.read_to_eof();
    full.active.await_state(fin_wait2);
    kept.push_back(std::move(full));
    return made;
}

/// A process in the namespace that made sockets and still listens.
class Service {
  public:
    explicit Service(const TestNamespace& ns)
        : process_([&]() -> std::string {
              ns.enter();
              std::vector<Connection> kept;
              write_file(dir_.file("sockets.tmp"), make_sockets(kept).dump());
              check_call(rename(dir_.file("sockets.tmp").c_str(), dir_.file("sockets").c_str()),
                         "rename");
              for (;;) {
                  pause();
              }
          }) {
        await(
            "the sockets", [&] { return is_ready(); }, Milliseconds(20000));
        sockets_ = json::parse(read_file(dir_.file("sockets")));
    }
    pid_t pid() const { return process_.pid(); }
    const json& sockets() const { return sockets_; }

  private:
    bool is_ready() {
        siginfo_t ended{};
        waitid(P_PID, static_cast<id_t>(process_.pid()), &ended, WEXITED | WNOHANG | WNOWAIT);
        if (ended.si_pid != 0) {
            process_.collect(); // rethrows the child's exception
        }
        return access(dir_.file("sockets").c_str(), R_OK) == 0;
    }

    TempDir dir_;
    Forked process_;
    json sockets_;
};

std::vector<json> list(const std::vector<std::string>& arguments) {
    std::vector<std::string> argv{twtrace_binary(), "list", "-o", "json"};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    const CommandResult result = run_command(argv);
    INFO("stderr: " << result.err);
    REQUIRE(result.exit_status == 0);
    return parse_events(result.out);
}

bool is_same(const json& row, const json& socket) {
    for (const char* key : {"family", "local_addr", "local_port", "remote_addr", "remote_port"}) {
        if (row.at(key) != socket.at(key)) {
            return false;
        }
    }
    return true;
}

void judge(const std::vector<json>& rows, const json& socket, const TestNamespace& ns, pid_t pid) {
    const auto found = std::find_if(rows.begin(), rows.end(), [&](const json& row) {
        return row.at("netns") == ns.inode() && is_same(row, socket);
    });
    INFO(socket.dump());
    REQUIRE(found != rows.end());
    const json& row = *found;
    INFO(row.dump());
    CHECK(row.at("state") == socket.at("state"));
    CHECK(row.at("remaining_ms").get<int>() > 0);
    CHECK(row.at("remaining_ms").get<int>() <= 60'000);
    CHECK(row.at("role_inferred") == true);
    const bool server = socket.at("server").get<bool>();
    CHECK(row.at("role") == (server ? "server" : "client"));
    CHECK(row.at("owner") == (server ? json("inferred") : json()));
    CHECK(row.at("pid") == (server ? json(pid) : json()));
}

bool is_root() {
    if (geteuid() != 0) {
        WARN("SKIP: needs root");
    }
    return geteuid() == 0;
}

} // namespace

TEST_CASE("list: every minisock of two namespaces, with substate, role and owner", "[list]") {
    if (!is_root()) {
        return;
    }
    const TestNamespace first;
    const TestNamespace second;
    const Service one(first);
    const Service two(second);
    const auto lines = list({"--netns", first.path(), "--netns", second.path()});
    const auto rows = of_type(lines, "socket");
    for (const json& socket : one.sockets()) {
        judge(rows, socket, first, one.pid());
    }
    for (const json& socket : two.sockets()) {
        judge(rows, socket, second, two.pid());
    }
    const auto present = first.counters().present + second.counters().present;
    CHECK(rows.size() == present);
    REQUIRE(lines.back().at("type") == "totals");
    const json& totals = lines.back();
    CHECK(totals.at("namespaces") == 2);
    CHECK(totals.at("time_wait_sockets") == present);
    CHECK(totals.at("fin_wait2_minisocks") == 12);
    CHECK(totals.at("states").at("fin_wait2") == 14); // and two full sockets
    CHECK(totals.at("states").at("time_wait") == 12);

    const auto everywhere = of_type(list({}), "socket");
    CHECK(std::count_if(everywhere.begin(), everywhere.end(), [&](const json& row) {
              return row.at("netns") == first.inode() || row.at("netns") == second.inode();
          }) == static_cast<std::ptrdiff_t>(present));
}

TEST_CASE("list: with a journal every owner is seen, including clients", "[list]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    Tracer tracer({"summary", "--journal", "--netns", ns.path()});
    const Service service(ns);
    const auto rows = [&] { return of_type(list({"--netns", ns.path()}), "socket"); };
    await("each owner is in the journal", [&] {
        const auto now = rows();
        return !now.empty() && std::all_of(now.begin(), now.end(), [](const json& row) {
            return row.at("owner") == "seen";
        });
    });
    for (const json& row : rows()) {
        INFO(row.dump());
        CHECK(row.at("pid") == service.pid());
        CHECK(row.at("role_inferred") == false);
        CHECK_FALSE(row.at("role").is_null());
    }
    CHECK(tracer.stop().exit_status == 0);
    for (const json& row : rows()) { // forgotten when its tracer has ended
        CHECK(row.at("owner") != "seen");
    }
}

TEST_CASE("list: filters exclude rows, and the footer counts all sockets", "[list]") {
    if (!is_root()) {
        return;
    }
    const TestNamespace ns;
    const Service service(ns);
    const auto rows = [&](std::vector<std::string> arguments) {
        arguments.insert(arguments.end(), {"--netns", ns.path()});
        const auto lines = list(arguments);
        CHECK(lines.back().at("time_wait_sockets") == 12);
        return of_type(lines, "socket").size();
    };
    CHECK(rows({}) == 12);
    CHECK(rows({"-4"}) == 8); // v4-mapped ones are IPv4
    CHECK(rows({"-6"}) == 4);
    CHECK(rows({"-p", std::to_string(service.pid())}) == 6); // the accepting ends
    CHECK(rows({"-p", "1"}) == 0);
    CHECK(rows({"-n", "5"}) == 5);
    const std::string port = service.sockets()[0].at("local_port").dump();
    CHECK(rows({"-L", port}) == 1);
}

TEST_CASE("list: a namespace that exists only as a bind mount", "[list]") {
    if (!is_root()) {
        return;
    }
    const TempDir dir;
    const std::string kept = dir.file("kept name");
    std::uint64_t inode = 0;
    {
        const TestNamespace ns;
        const Service service(ns);
        inode = ns.inode();
        write_file(kept, "");
        check_call(mount(ns.path().c_str(), kept.c_str(), nullptr, MS_BIND, nullptr), "mount");
    }
    const CommandResult result =
        run_command({twtrace_binary(), "list", "-o", "json", "--netns", std::to_string(inode)});
    umount2(kept.c_str(), MNT_DETACH);
    INFO(result.err);
    REQUIRE(result.exit_status == 0);
    const auto rows = of_type(parse_events(result.out), "socket");
    CHECK(rows.size() >= 12);
    for (const json& row : rows) { // no process listens any more
        CHECK(row.at("owner").is_null());
    }
}

TEST_CASE("list: errors are reported in one line", "[list]") {
    if (!is_root()) {
        return;
    }
    const auto refused = [](const std::vector<std::string>& argv) {
        const CommandResult result = run_command(argv);
        CHECK(result.exit_status == 1);
        CHECK(result.out.empty());
        CHECK(lines_of(result.err).size() == 1);
        return result.err;
    };
    CHECK(refused({twtrace_binary(), "list", "--netns", "4294967295"}).find("cannot find") !=
          std::string::npos);
    const std::string unprivileged = "setpriv --reuid 65534 --regid 65534 --clear-groups "
                                     "--bounding-set -all --inh-caps -all ";
    CHECK(refused({"sh", "-c", unprivileged + twtrace_binary() + " list"}).find("CAP_SYS_ADMIN") !=
          std::string::npos);
    const CommandResult own = run_command(
        {"sh", "-c", unprivileged + twtrace_binary() + " list --netns /proc/self/ns/net"});
    CHECK(own.exit_status == 0);
    CHECK(refused({"sh", "-c", twtrace_binary() + " list > /dev/full"}).find("cannot write") !=
          std::string::npos);
    const CommandResult head =
        run_command({"bash", "-c", twtrace_binary() + " list | head -n 0; exit ${PIPESTATUS[0]}"});
    CHECK(head.exit_status == 0);
}
