#include "services.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>

#include "catch2.h"
#include "errors.h"
#include "forked.h"
#include "nginx.h"
#include "programs.h"
#include "tracer.h"

namespace live {

namespace {

/// postgres refuses to run as root. Unpacked programs may be below a home directory that only root
/// may enter: a mount that only this command has makes them available below /mnt.
Argv as_nobody(Argv argv) {
    const std::string root = unpacked_programs();
    const Argv nobody{"setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"};
    bool moved = false;
    for (std::string& word : argv) {
        for (auto at = word.find(root); !root.empty() && at != std::string::npos;
             at = word.find(root)) {
            word.replace(at, root.size(), "/mnt");
            moved = true;
        }
    }
    if (!moved) {
        return nobody + argv;
    }
    return Argv{"unshare", "--mount", "sh", "-c", R"(mount --bind "$0" /mnt && exec "$@")", root} +
           nobody + argv;
}

int connect_to(std::uint16_t port) {
    Fd fd(check_call(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    const bool connected =
        connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    return connected ? fd.release() : -1;
}

/// Checks for a listener without a connection, which would be closed and counted: "0100007F:1F40
/// 00000000:0000 0A".
bool listens(const TestNamespace& ns, std::uint16_t port) {
    return !ns.run_in([&]() -> std::string {
                  std::array<char, 32> text{};
                  (void)snprintf(text.data(), text.size(), ":%04X 00000000:0000 0A", port);
                  const bool found =
                      read_file("/proc/self/net/tcp").find(text.data()) != std::string::npos;
                  return found ? "yes" : "";
              }).empty();
}

} // namespace

Service::Service(const TestNamespace& ns, const std::string& cgroup,
                 const std::vector<std::string>& argv, std::uint16_t port) {
    // The processes of a previous service may end shortly after their first one.
    await("port " + std::to_string(port) + " is free", [&] { return !listens(ns, port); });
    // In a PID namespace: workers may survive a killed master, but not the first process of their
    // namespace.
    launcher_ =
        std::make_unique<Command>((cgroup.empty() ? Argv{} : TestCgroups::starting_in(cgroup)) +
                                      Argv{"unshare", "--pid", "--fork", "--kill-child"} + argv,
                                  ns.path());
    await(
        "a listener on port " + std::to_string(port),
        [&] {
            check(launcher_->running(), argv[0] + ": " + launcher_->err() + launcher_->out());
            return listens(ns, port);
        },
        Milliseconds(20000));
}

std::vector<std::string> nginx_argv(const TempDir& dir, const std::string& http) {
    std::string text = "daemon off; worker_processes 1; pid " + dir.file("nginx.pid") + ";\n";
    text += "error_log " + dir.file("error.log") + "; events { worker_connections 256; }\n";
    text += "http { access_log off;\n";
    for (const char* path : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
        text += std::string(path) + "_temp_path " + dir.file(path) + ";\n";
    }
    write_file(dir.file("nginx.conf"), text + http + "\n}\n");
    return {nginx_binary(), "-c", dir.file("nginx.conf"), "-e", dir.file("error.log")};
}

std::vector<std::string> haproxy_argv(const TempDir& dir, const std::string& sections) {
    write_file(
        dir.file("haproxy.cfg"),
        "defaults\n mode http\n timeout connect 5s\n timeout client 5s\n timeout server 5s\n" +
            sections);
    return program("/usr/sbin/haproxy") + Argv{"-db", "-f", dir.file("haproxy.cfg")};
}

std::vector<std::string> httpd_argv(const TempDir& dir, std::uint16_t port,
                                    const std::vector<std::string>& modules,
                                    const std::string& settings) {
    std::string text = "ServerRoot " + dir.path() + "\nDefaultRuntimeDir " + dir.path() +
                       "\nPidFile " + dir.file("httpd.pid") + "\nErrorLog " +
                       dir.file("error.log") + "\nListen 127.0.0.1:" + std::to_string(port) +
                       "\nServerName test\nMaxKeepAliveRequests 0\n";
    Argv all{"mpm_event"};
    for (const std::string& module : all + modules) {
        text += "LoadModule " + module + "_module " +
                program_file("/usr/lib/apache2/modules/mod_" + module + ".so") + "\n";
    }
    write_file(dir.file("httpd.conf"), text + settings);
    return program("/usr/sbin/apache2") + Argv{"-DFOREGROUND", "-f", dir.file("httpd.conf")};
}

std::vector<std::string> php_argv(const std::string& extension) {
    return program("/usr/bin/php8*") +
           Argv{"-n", "-d", "extension=" + program_file("/usr/lib/php/2*/" + extension + ".so")};
}

std::vector<std::string> python_argv() {
    const std::string packages = program_file("/usr/lib/python3/dist-packages");
    return {"env", "PYTHONPATH=" + packages, "/usr/bin/python3"};
}

std::vector<std::string> redis_argv(std::uint16_t port, const std::string& timeout_s) {
    return program("/usr/bin/redis-server") +
           Argv{"--port", std::to_string(port), "--bind", "127.0.0.1", "--save",
                "",       "--timeout",          timeout_s};
}

std::vector<std::string> postgres_argv(const TempDir& dir, std::uint16_t port) {
    check_call(chmod(dir.path().c_str(), 0777), "chmod");
    const CommandResult made =
        run_command(as_nobody(program("/usr/lib/postgresql/*/bin/initdb")) +
                        Argv{"-D", dir.file("data"), "-N", "-A", "trust", "--no-instructions"},
                    {}, Milliseconds(30000));
    check(made.exit_status == 0, "initdb: " + made.err + made.out);
    return as_nobody(program("/usr/lib/postgresql/*/bin/postgres")) +
           Argv{"-D",
                dir.file("data"),
                "-k",
                dir.path(),
                "-F",
                "-p",
                std::to_string(port),
                "-c",
                "listen_addresses=127.0.0.1"};
}

std::vector<std::string> psql_argv(std::uint16_t port, const std::string& sql) {
    return program("/usr/lib/postgresql/*/bin/psql") +
           Argv{"-X",       "-h",  "127.0.0.1", "-p", std::to_string(port), "-U", "nobody", "-d",
                "postgres", "-At", "-c",        sql};
}

bool can_run_services(const std::vector<std::string>& programs) {
    if (!can_trace() || !have_programs(programs)) {
        return false;
    }
    if (nginx_binary().empty() || !TestCgroups::can_make()) {
        WARN("SKIP: no nginx, or no cgroup v2 hierarchy that can be written to");
        return false;
    }
    return true;
}

void run_client(const TestNamespace& ns, const std::vector<std::string>& argv) {
    const CommandResult result = run_command(argv, ns.path(), Milliseconds(20000));
    check(result.exit_status == 0, argv.back() + ": " + result.err);
}

void await_time_waits(const TestNamespace& ns, const KernelCounters& before, std::uint64_t count) {
    wait_until([&] { return (ns.counters() - before).scheduled() >= count; }, Milliseconds(3000));
}

Client::Client(std::uint16_t port) : fd_(check_call(connect_to(port), "connect")) {}

void Client::send(const std::string& text) const {
    write_all(fd_.get(), text);
}

void Client::await(const std::string& end) const {
    std::string text;
    std::array<char, 4096> buffer{};
    while (text.find(end) == std::string::npos) {
        const ssize_t n = check_call(recv(fd_.get(), buffer.data(), buffer.size(), 0), "recv");
        check(n > 0, "closed early: " + text);
        text.append(buffer.data(), static_cast<std::size_t>(n));
    }
}

void Client::await_eof() const {
    std::array<char, 4096> buffer{};
    while (check_call(recv(fd_.get(), buffer.data(), buffer.size(), 0), "recv") > 0) {
    }
}

} // namespace live
