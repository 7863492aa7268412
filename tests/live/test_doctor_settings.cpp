// The doctor's findings about settings, and the privileges that it needs to read them.
#include <memory>

#include "catch2.h"
#include "doctor.h"
#include "errors.h"
#include "nginx.h"
#include "services.h"

using namespace live;
using nlohmann::json;

namespace {

constexpr int many = 150;
constexpr int few = 40;

bool mentions(const json& lines, const std::string& part) {
    return lines.dump().find(part) != std::string::npos;
}

} // namespace

TEST_CASE("doctor: settings without the effect that they are often set for", "[doctor]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    ns.set_sysctl("net.ipv4.tcp_fin_timeout", "15");
    ns.set_sysctl("net.ipv4.ip_local_port_range", "40000 40999");
    CHECK(diagnose(ns, [&] { connect_and_close(ns, few); }).exit_status == 0);
    const Diagnosis ill = diagnose(ns, [&] { connect_and_close(ns, many); });
    INFO(ill.ids());
    REQUIRE(ill.finding("fin-timeout") != nullptr);
    REQUIRE(ill.finding("narrow-range") != nullptr);
    paste(*ill.finding("fin-timeout"));
    paste(*ill.finding("narrow-range"));
    const Diagnosis well = diagnose(ns, [&] { connect_and_close(ns, many); });
    INFO(well.ids());
    CHECK(well.finding("fin-timeout") == nullptr);
    CHECK(well.finding("narrow-range") == nullptr);
}

TEST_CASE("doctor: a port range that contains a service's port", "[doctor]") {
    if (!can_run_services({})) {
        return;
    }
    const TestNamespace ns;
    ns.set_sysctl("net.ipv4.ip_local_port_range", "1024 60999");
    CHECK(diagnose(ns, [] {}).exit_status == 0);
    const Nginx service(ns, "server { listen 127.0.0.1:8080; }", 8080);
    const Diagnosis ill = diagnose(ns, [] {});
    INFO(ill.ids());
    const json* finding = ill.finding("range-overlaps");
    REQUIRE(finding != nullptr);
    CHECK(mentions(finding->at("evidence"), "8080"));
    paste(*finding);
    CHECK(diagnose(ns, [] {}).exit_status == 0);
}

TEST_CASE("doctor: filters select the judged connections", "[doctor]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    const auto load = [&] { connect_and_close(ns, many); };
    CHECK(diagnose(ns, load, {"-D", "7000"}).finding("connection-per-request") != nullptr);
    CHECK(diagnose(ns, load, {"-D", "7001"}).exit_status == 0);
    CHECK(diagnose(ns, load, {"-c", "nobody"}).exit_status == 0);
    CHECK(diagnose(ns, load, {"-6"}).exit_status == 0);
}

TEST_CASE("doctor: findings remain when their namespace ends during the run", "[doctor]") {
    if (!can_trace()) {
        return;
    }
    auto ns = std::make_unique<TestNamespace>();
    Tracer tracer({"doctor", "-o", "json", "-d", "60", "--netns", ns->path()});
    connect_and_close(*ns, many);
    ns.reset();
    const CommandResult result = tracer.stop();
    INFO(result.err);
    REQUIRE(result.exit_status == 3);
    const json document = json::parse(result.out);
    CHECK(document.at("findings").at(0).at("id") == "connection-per-request");
}

TEST_CASE("doctor: without CAP_SYS_ADMIN it names what it could not read", "[doctor]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    const CommandResult result =
        run_command({"setpriv", "--bounding-set", "-sys_admin", "--inh-caps", "-sys_admin",
                     twtrace_binary(), "doctor", "-d", "0.2"});
    INFO(result.out << result.err);
    CHECK((result.exit_status == 0 || result.exit_status == 3));
    CHECK(result.out.find("Not checked: ") != std::string::npos);
    CHECK(result.out.find("CAP_SYS_ADMIN") != std::string::npos);
}

TEST_CASE("doctor: --host reports what is allowed, as a table and as JSON", "[doctor]") {
    if (!can_trace()) {
        return;
    }
    const CommandResult table = run_command({twtrace_binary(), "doctor", "--host"});
    INFO(table.out);
    CHECK(table.exit_status == 0);
    CHECK(table.out.find("\ntwtrace can trace here.\n") != std::string::npos);
    const CommandResult host = run_command({twtrace_binary(), "doctor", "--probe", "-o", "json"});
    CHECK(json::parse(host.out).at("can_trace") == true);
    const CommandResult refused = run_command({"setpriv", "--bounding-set", "-all", "--inh-caps",
                                               "-all", twtrace_binary(), "doctor", "--host"});
    INFO(refused.out);
    CHECK(refused.exit_status == 1);
    CHECK(refused.out.find("cannot trace here: ") != std::string::npos);
}
