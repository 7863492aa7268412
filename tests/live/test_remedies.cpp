// The doctor's remedies are applied to the real program: it still works, and the closes decrease.
#include <functional>

#include "catch2.h"
#include "cgroups.h"
#include "doctor.h"
#include "nginx.h"
#include "programs.h"
#include "services.h"

using namespace live;
using nlohmann::json;

namespace {

constexpr std::uint16_t front_port = 8000;
constexpr std::uint16_t back_port = 8001;
constexpr int requests = 300;

std::string web_server(std::uint16_t port, const std::string& more = "") {
    return "server { listen 127.0.0.1:" + std::to_string(port) + more +
           "; location / { return 200 ok; } }";
}

bool can_run(const std::vector<std::string>& programs) {
    if (!can_trace() || !have_programs(programs)) {
        return false;
    }
    if (nginx_binary().empty()) {
        WARN("SKIP: no nginx here");
        return false;
    }
    return true;
}

std::string haproxy_site(const std::string& settings, std::uint16_t port = back_port) {
    return "frontend f\n bind 127.0.0.1:8000\n default_backend b\nbackend b\n" + settings +
           " server s 127.0.0.1:" + std::to_string(port) + "\n";
}

int time_waits(const Diagnosis& diagnosis) {
    return diagnosis.document.at("totals").at("time_wait").get<int>();
}

/// The finding under test; its remedy is for the client, whichever side closes first.
const json& first_finding(const Diagnosis& ill) {
    INFO(ill.document.dump(2));
    REQUIRE(ill.exit_status == 3);
    const json& finding = ill.document.at("findings").at(0);
    REQUIRE((finding.at("id") == "connection-per-request" ||
             finding.at("id") == "server-closes-first"));
    return finding;
}

void check_cured(const Diagnosis& well, int at_most) {
    INFO(well.document.dump(2));
    CHECK(well.exit_status == 0);
    CHECK(time_waits(well) <= at_most);
}

/// A program that makes the requests itself and prints "served 300".
Diagnosis diagnose_client(const TestNamespace& ns, const Argv& argv) {
    return diagnose(ns, [&] {
        const CommandResult result = run_command(argv, ns.path(), Milliseconds(30000));
        INFO(result.out << result.err);
        CHECK(result.exit_status == 0);
        CHECK(result.out == "served 300\n");
    });
}

/// A client in some language, before and after the remedy is applied; `text` makes its source from
/// the lines of the remedy, initially none.
void check_client(const Argv& interpreter, const std::string& file,
                  const std::function<std::string(const std::string&)>& text,
                  const std::string& where) {
    const TestNamespace ns;
    const Nginx server(ns, web_server(back_port), back_port);
    const TempDir dir;
    const Argv argv = interpreter + Argv{dir.file(file)};
    write_file(dir.file(file), text(""));
    const Diagnosis ill = diagnose_client(ns, argv);
    const json& finding = first_finding(ill);
    CHECK(time_waits(ill) >= requests - 2);
    write_file(dir.file(file), text(offered_lines(finding, where)));
    check_cured(diagnose_client(ns, argv), 3);
}

} // namespace

TEST_CASE("remedies: nginx with grpc_pass", "[remedies][nginx]") {
    if (!can_run({})) {
        return;
    }
    const std::uint16_t grpc_port = 50051;
    const TestNamespace ns;
    const Nginx back(ns, web_server(grpc_port, " http2"), grpc_port);
    const auto site = [](const std::string& http, const std::string& location) {
        return http + " server { listen 127.0.0.1:8000; location / { " + location + " } }";
    };
    const auto load = [&] { http_load(ns, front_port, requests, true); };
    auto front =
        std::make_unique<Nginx>(ns, site("", "grpc_pass grpc://127.0.0.1:50051;"), front_port);
    const Diagnosis ill = diagnose(ns, load);
    const json& finding = first_finding(ill);
    const std::string http = offered_lines(finding, "in the http block");
    const std::string location = offered_lines(finding, "in each location with grpc_pass");
    front.reset(); // ends before the next one binds the port
    front = std::make_unique<Nginx>(ns, site(http, location), front_port);
    check_cured(diagnose(ns, load), 3);
}

TEST_CASE("remedies: haproxy, whose default opens a connection for each client",
          "[remedies][haproxy]") {
    if (!can_run({"/usr/sbin/haproxy"})) {
        return;
    }
    const TestNamespace ns;
    const TempDir dir;
    const std::uint16_t http_port = 80; // nginx, which would reveal the protocol, is filtered out
    const Nginx back(ns, web_server(http_port), http_port);
    const auto clients = [&] { http_load(ns, front_port, requests, false); };
    const auto towards_backend = [&](const Argv& argv) {
        const Service haproxy(ns, "", argv, front_port);
        return diagnose(ns, clients, {"-D", "80"});
    };
    const Diagnosis ill = towards_backend(haproxy_argv(dir, haproxy_site("", http_port)));
    INFO(ill.document.dump(2));
    const json* finding = ill.finding("resets"); // haproxy resets its connections to servers
    REQUIRE(finding != nullptr);
    CHECK(ill.document.at("totals").at("aborted") >= requests - 10);
    const std::string offered = offered_lines(*finding, "in the backend with server 127.0.0.1:80");
    const Diagnosis well = towards_backend(haproxy_argv(dir, haproxy_site(offered, http_port)));
    INFO(well.document.dump(2));
    CHECK(well.exit_status == 0);
    CHECK(well.document.at("totals").at("aborted") <= requests / 4);
}

TEST_CASE("remedies: haproxy with option http-server-close", "[remedies][haproxy]") {
    if (!can_run({"/usr/sbin/haproxy"})) {
        return;
    }
    const TestNamespace ns;
    const TempDir dir;
    const Nginx back(ns, web_server(back_port), back_port);
    const auto under_load = [&](const std::string& settings) {
        const Service haproxy(ns, "", haproxy_argv(dir, haproxy_site(settings)), front_port);
        return diagnose(ns, [&] { http_load(ns, front_port, requests, true); });
    };
    const Diagnosis ill = under_load(" option http-server-close\n");
    const json& finding = first_finding(ill);
    check_cured(under_load(offered_lines(finding, "in the backend with server 127.0.0.1:8001")), 3);
}

TEST_CASE("remedies: Apache httpd with RewriteRule [P], which keeps no connection open",
          "[remedies][httpd]") {
    if (!can_run({"/usr/sbin/apache2"})) {
        return;
    }
    const TestNamespace ns;
    const TempDir dir;
    const Nginx back(ns, web_server(back_port), back_port);
    const auto httpd = [&](const std::string& settings) {
        return httpd_argv(dir, front_port, {"authz_core", "rewrite", "proxy", "proxy_http"},
                          settings + "RewriteEngine On\n"
                                     "RewriteRule \"^/(.*)$\" \"http://127.0.0.1:8001/$1\" [P]\n");
    };
    const auto under_load = [&](const Argv& argv) {
        const Service server(ns, "", argv, front_port);
        return diagnose(ns, [&] { http_load(ns, front_port, requests, true); });
    };
    const Diagnosis ill = under_load(httpd(""));
    const json& finding = first_finding(ill);
    CHECK(time_waits(ill) >= requests - 2);
    const std::string offered = offered_lines(finding, "above its ProxyPass, RewriteRule");
    check_cured(under_load(httpd(offered)), 10);
}

TEST_CASE("remedies: a PHP program with curl", "[remedies][php]") {
    if (!can_run({"/usr/bin/php8*"})) {
        return;
    }
    check_client(
        php_argv("curl"), "client.php",
        [](const std::string& offered) {
            const std::string opens = offered.empty() ? "curl_init" : "kept_handle";
            return "<?php\n" + offered +
                   "for ($i = 0; $i < 300; ++$i) {\n"
                   "    $handle = " +
                   opens +
                   "('http://127.0.0.1:8001/');\n"
                   "    curl_setopt($handle, CURLOPT_RETURNTRANSFER, true);\n"
                   "    if (curl_exec($handle) !== 'ok') exit(1);\n"
                   "    unset($handle);\n"
                   "}\n"
                   "echo \"served 300\\n\";\n";
        },
        "PHP: one curl handle");
}

TEST_CASE("remedies: a Python program with requests", "[remedies][python]") {
    if (!can_run({})) {
        return;
    }
    const Argv interpreter = python_argv();
    if (run_command(interpreter + Argv{"-c", "import requests"}).exit_status != 0) {
        FAIL("no python3-requests here; tools/test unpacks it");
    }
    check_client(
        interpreter, "client.py",
        [](const std::string& offered) {
            const std::string caller = offered.empty() ? "requests" : "session";
            return "import requests\n" + offered +
                   "for i in range(300):\n"
                   "    assert " +
                   caller +
                   ".get('http://127.0.0.1:8001/').text == 'ok'\n"
                   "print('served 300')\n";
        },
        "Python requests");
}

TEST_CASE("remedies: a node.js program", "[remedies][node]") {
    if (!can_run({"/usr/bin/node"})) {
        return;
    }
    check_client(
        program("/usr/bin/node"), "client.js",
        [](const std::string& offered) {
            const std::string agent = offered.empty() ? "agent: false" : "agent";
            return "const http = require('http');\n" + offered +
                   "function get(left) {\n"
                   "    if (left == 0) return console.log('served 300');\n"
                   "    http.get({ port: 8001, host: '127.0.0.1', " +
                   agent +
                   " }, (answer) => {\n"
                   "        let text = '';\n"
                   "        answer.on('data', (part) => text += part);\n"
                   "        answer.on('end', () => {\n"
                   "            if (text !== 'ok') process.exit(1);\n"
                   "            get(left - 1);\n"
                   "        });\n"
                   "    });\n"
                   "}\n"
                   "get(300);\n";
        },
        "node.js: one agent");
}
