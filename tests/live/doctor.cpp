#include "doctor.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "catch2.h"
#include "errors.h"
#include "fd.h"

namespace live {

namespace {

Diagnosis read_diagnosis(const CommandResult& result) {
    INFO("stdout: " << result.out << "\nstderr: " << result.err);
    REQUIRE((result.exit_status == 0 || result.exit_status == 3));
    Diagnosis diagnosis;
    diagnosis.exit_status = result.exit_status;
    diagnosis.document = nlohmann::json::parse(result.out);
    CHECK(diagnosis.document.at("schema") == "twtrace.doctor/1");
    CHECK((result.exit_status == 3) == !diagnosis.document.at("findings").empty());
    return diagnosis;
}

std::vector<std::string> arguments_of(const TestNamespace& ns,
                                      const std::vector<std::string>& more) {
    std::vector<std::string> arguments{"doctor", "-o", "json", "--netns", ns.path()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
}

void connect_once(int listening, const sockaddr_in& address, const ClientHabits& habits) {
    Fd client(check_call(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    if (habits.before_connect) {
        habits.before_connect(client.get());
    }
    const auto* to = reinterpret_cast<const sockaddr*>(&address);
    check_call(connect(client.get(), to, sizeof address), "connect");
    const Fd server(check_call(accept(listening, nullptr, nullptr), "accept"));
    if (habits.before_close) {
        habits.before_close(client.get());
    }
    client.reset();
    std::array<char, 64> buffer{};
    while (recv(server.get(), buffer.data(), buffer.size(), 0) > 0) {
    }
}

} // namespace

const nlohmann::json* Diagnosis::finding(const std::string& id) const {
    for (const auto& one : document.at("findings")) {
        if (one.at("id") == id) {
            return &one;
        }
    }
    return nullptr;
}

std::string Diagnosis::ids() const {
    std::string all;
    for (const auto& one : document.at("findings")) {
        all += one.at("id").get<std::string>() + " ";
    }
    return all;
}

Diagnosis diagnose(const TestNamespace& ns, const std::function<void()>& load,
                   const std::vector<std::string>& more) {
    std::vector<std::string> arguments = arguments_of(ns, more);
    arguments.insert(arguments.end(), {"-d", "60"});
    Tracer tracer(arguments);
    load();
    return read_diagnosis(tracer.stop());
}

Diagnosis diagnose_for(const TestNamespace& ns, int seconds, const std::function<void()>& load) {
    Tracer tracer(arguments_of(ns, {"-d", std::to_string(seconds)}));
    load();
    return read_diagnosis(tracer.wait(Milliseconds(seconds * 1000 + 10000)));
}

int connect_and_close(const TestNamespace& ns, int times, const ClientHabits& habits) {
    return std::stoi(ns.run_in([&] {
        const Fd listening(check_call(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(7000);
        inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
        check_call(bind(listening.get(), reinterpret_cast<sockaddr*>(&address), sizeof address),
                   "bind");
        check_call(listen(listening.get(), 64), "listen");
        for (int i = 0; i < times; ++i) {
            connect_once(listening.get(), address, habits);
            if (habits.pause_ms > 0) {
                usleep(static_cast<useconds_t>(habits.pause_ms) * 1000);
            }
        }
        return std::to_string(getpid());
    }));
}

std::string offered_lines(const nlohmann::json& finding, const std::string& where) {
    std::string lines;
    bool is_there = false;
    for (const auto& one : finding.at("fix")) {
        const auto line = one.get<std::string>();
        if (!line.starts_with("#")) {
            lines += is_there ? line + "\n" : "";
        } else if (line.find(where) != std::string::npos) {
            is_there = true;
        } else if (!lines.empty()) {
            is_there = false;
        }
    }
    INFO(finding.at("fix").dump(2));
    REQUIRE_FALSE(lines.empty());
    return lines;
}

void paste(const nlohmann::json& finding) {
    for (const auto& line : finding.at("fix")) {
        const std::string text = line.get<std::string>();
        const CommandResult result = run_command({"bash", "-c", text});
        INFO(text << ": " << result.err);
        CHECK(result.exit_status == 0);
    }
}

} // namespace live
