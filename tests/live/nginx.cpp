#include "nginx.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdlib>
#include <filesystem>

#include "errors.h"
#include "fd.h"
#include "forked.h"

namespace live {

namespace {

std::string configuration(const std::string& dir, const std::string& http) {
    std::string text = "daemon off; worker_processes 1; pid " + dir + "/pid;\n";
    text += "error_log " + dir + "/error.log; events { worker_connections 512; }\n";
    text += "http { access_log off; keepalive_requests 100000;\n";
    for (const char* path : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
        text += std::string(path) + "_temp_path " + dir + "/" + path + ";\n";
    }
    return text + http + "\n}\n";
}

int connect_to(std::uint16_t port) {
    Fd fd(check_call(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    if (connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        return -1;
    }
    return fd.release();
}

/// The test's nginx answers with the body "ok" and nothing after it.
void await_answer(int fd) {
    std::string text;
    std::array<char, 4096> buffer{};
    while (text.find("\r\n\r\nok") == std::string::npos) {
        const ssize_t n = check_call(recv(fd, buffer.data(), buffer.size(), 0), "recv");
        check(n > 0, "nginx closed early: " + text);
        text.append(buffer.data(), static_cast<std::size_t>(n));
    }
    check(text.find(" 200 ") != std::string::npos, "nginx says " + text);
}

void ask(int fd, bool keep_alive) {
    std::string request = "GET / HTTP/1.1\r\nHost: test\r\n";
    if (!keep_alive) {
        request += "Connection: close\r\n";
    }
    write_all(fd, request + "\r\n");
    await_answer(fd);
}

void await_eof(int fd) {
    char byte = 0;
    check(recv(fd, &byte, 1, 0) == 0, "EOF expected");
}

int only_child_of(int pid) {
    const std::string children =
        read_file("/proc/" + std::to_string(pid) + "/task/" + std::to_string(pid) + "/children");
    return children.empty() ? -1 : std::stoi(children);
}

} // namespace

std::string nginx_binary() {
    const char* given = std::getenv("TWTRACE_NGINX"); // tools/test unpacks one
    const std::string path = given != nullptr ? given : "/usr/sbin/nginx";
    return std::filesystem::exists(path) ? path : std::string();
}

std::string proxy_site(bool keep_alive) {
    return std::string("upstream back { server 127.0.0.1:8001; ") +
           (keep_alive ? "keepalive 8; keepalive_requests 100000; " : "") +
           "} server { listen 127.0.0.1:8000; location / { proxy_pass http://back; "
           "proxy_http_version 1.1; proxy_set_header Connection \"\"; } }";
}

Nginx::Nginx(const TestNamespace& ns, const std::string& http, std::uint16_t port) {
    const std::string file = dir_.file("nginx.conf");
    write_file(file, configuration(dir_.path(), http));
    // In a PID namespace: nginx's workers survive a killed master, but not the first process of
    // their namespace.
    launcher_ = std::make_unique<Command>(
        std::vector<std::string>{"unshare", "--pid", "--fork", "--kill-child", nginx_binary(), "-c",
                                 file, "-e", dir_.file("error.log")},
        ns.path());
    await("nginx's worker", [&] {
        check(launcher_->running(), "nginx: " + launcher_->err());
        const int master = only_child_of(launcher_->pid());
        worker_pid_ = master > 0 ? only_child_of(master) : -1;
        return worker_pid_ > 0;
    });
    ns.run_in([&] {
        await("nginx to listen", [&] { return static_cast<bool>(Fd(connect_to(port))); });
        return std::string();
    });
}

void http_load(const TestNamespace& ns, std::uint16_t port, int requests, bool keep_alive) {
    ns.run_in([&] {
        Fd fd;
        for (int i = 0; i < requests; ++i) {
            if (!fd) {
                fd.reset(check_call(connect_to(port), "connect"));
            }
            ask(fd.get(), keep_alive);
            if (!keep_alive) {
                await_eof(fd.get());
                fd.reset();
            }
        }
        return std::string();
    });
}

} // namespace live
