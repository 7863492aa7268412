#include "prometheus.h"

#include <cstdlib>
#include <filesystem>

#include "catch2.h"
#include "errors.h"
#include "http.h"

namespace live {

namespace {

std::string configuration(const std::vector<std::uint16_t>& targets) {
    std::string text = "global: {scrape_interval: 200ms, scrape_timeout: 200ms, "
                       "evaluation_interval: 200ms}\n";
    text += "rule_files: ['" TWTRACE_DEPLOY "/prometheus/twtrace.rules.yml']\n";
    text += "scrape_configs: [{job_name: twtrace, static_configs: [{targets: [";
    for (const std::uint16_t port : targets) {
        text += "'127.0.0.1:" + std::to_string(port) + "', ";
    }
    return text + "]}]}]\n";
}

} // namespace

std::string prometheus_binary() {
    const char* given = std::getenv("TWTRACE_PROMETHEUS"); // tools/test unpacks one
    const std::string path = given != nullptr ? given : "/usr/bin/prometheus";
    return std::filesystem::exists(path) ? path : std::string();
}

bool have_prometheus() {
    if (!prometheus_binary().empty()) {
        return true;
    }
    const char* required = std::getenv("TWTRACE_REQUIRE_BPF");
    if (required != nullptr && std::string(required) == "1") {
        FAIL("no Prometheus; tools/test unpacks one");
    }
    WARN("SKIP: no Prometheus; tools/test unpacks one");
    return false;
}

Prometheus::Prometheus(const std::vector<std::uint16_t>& targets) : port_(free_port()) {
    const std::string file = dir_.file("prometheus.yml");
    write_file(file, configuration(targets));
    command_ = std::make_unique<Command>(std::vector<std::string>{
        prometheus_binary(), "--config.file=" + file, "--storage.tsdb.path=" + dir_.file("data"),
        "--web.listen-address=127.0.0.1:" + std::to_string(port_)});
    await(
        "prometheus",
        [&] {
            check(command_->running(), "prometheus: " + command_->err());
            return http_get(port_, "/-/ready").status == 200;
        },
        Milliseconds(20000));
}

nlohmann::json Prometheus::query(const std::string& expression) const {
    const HttpAnswer answer = http_get(port_, "/api/v1/query?query=" + url_encode(expression),
                                       "Accept-Encoding: identity\r\n");
    check(answer.status == 200, expression + ": " + answer.body);
    // The answer may be chunked (RFC 9112, 7.1): the body is the line that is an object.
    for (const std::string& line : lines_of(answer.body)) {
        if (!line.empty() && line[0] == '{') {
            return nlohmann::json::parse(line).at("data").at("result");
        }
    }
    throw std::runtime_error("no object: " + answer.body);
}

double Prometheus::number(const std::string& expression) const {
    const nlohmann::json result = query(expression);
    return result.empty() ? -1 : std::stod(result.at(0).at("value").at(1).get<std::string>());
}

} // namespace live
