// nginx in front of php-fpm: with the doctor's remedy applied, the site still works and the closes
// stop.
#include <memory>

#include "catch2.h"
#include "doctor.h"
#include "nginx.h"
#include "programs.h"

using namespace live;
using nlohmann::json;

namespace {

constexpr std::uint16_t front_port = 8000;
constexpr int requests = 300;
constexpr const char* fpm_program = "/usr/sbin/php-fpm*";

class PhpFpm {
  public:
    explicit PhpFpm(const TestNamespace& ns) {
        write_file(dir_.file("page.php"), "<?php header('Content-Length: 2'); echo 'ok';");
        write_file(dir_.file("fpm.conf"), "[global]\nerror_log=" + dir_.file("fpm.log") +
                                              "\ndaemonize=no\n[www]\nuser=root\ngroup=root\n"
                                              "listen=127.0.0.1:9000\npm=static\n"
                                              "pm.max_children=8\n");
        launcher_ = std::make_unique<Command>(Argv{"unshare", "--pid", "--fork", "--kill-child"} +
                                                  program(fpm_program) +
                                                  Argv{"-n", "-R", "-y", dir_.file("fpm.conf")},
                                              ns.path());
        await("php-fpm", [&] {
            REQUIRE(launcher_->running());
            return read_file(dir_.file("fpm.log")).find("ready to handle") != std::string::npos;
        });
    }
    std::string page() const { return dir_.file("page.php"); }

  private:
    TempDir dir_;
    std::unique_ptr<Command> launcher_;
};

std::string site(const PhpFpm& php, const std::string& http, const std::string& location) {
    return http + " server { listen 127.0.0.1:8000; location / { " + location +
           " fastcgi_param SCRIPT_FILENAME " + php.page() +
           "; fastcgi_param REQUEST_METHOD GET; } }";
}

} // namespace

TEST_CASE("doctor: nginx in front of php-fpm gets the remedy for FastCGI", "[doctor][fastcgi]") {
    if (!can_trace() || !have_programs({fpm_program})) {
        return;
    }
    const TestNamespace ns;
    const PhpFpm php(ns);
    auto front =
        std::make_unique<Nginx>(ns, site(php, "", "fastcgi_pass 127.0.0.1:9000;"), front_port);
    const auto load = [&] { http_load(ns, front_port, requests, true); };
    const Diagnosis ill = diagnose(ns, load);
    INFO(ill.document.dump(2));
    REQUIRE(ill.exit_status == 3);
    const json& finding = ill.document.at("findings").at(0);
    const std::string http = offered_lines(finding, "in the http block");
    const std::string location = offered_lines(finding, "in each location with fastcgi_pass");
    CHECK(location.find("fastcgi_keep_conn on;") != std::string::npos);
    front.reset(); // ends before the next one binds the port
    front = std::make_unique<Nginx>(ns, site(php, http, location), front_port);
    const Diagnosis well = diagnose(ns, load); // http_load() fails if the answer is not the page
    INFO(well.document.dump(2));
    CHECK(well.exit_status == 0);
    CHECK(well.document.at("totals").at("time_wait").get<int>() <= 3);
}
