#include "exporter.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <sstream>

#include "errors.h"
#include "programs.h"

namespace live {

namespace {

std::vector<std::string> arguments_of(const TestNamespace& ns,
                                      const std::vector<std::string>& more) {
    std::vector<std::string> arguments{"--netns", ns.path()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
}

} // namespace

Scrape parse_scrape(const std::string& text) {
    Scrape scrape;
    for (const std::string& line : lines_of(text)) {
        const std::size_t blank = line.rfind(' ');
        if (line.empty() || line[0] == '#') {
            continue;
        }
        check(blank != std::string::npos, "no value: " + line);
        const bool added =
            scrape.emplace(line.substr(0, blank), std::stod(line.substr(blank + 1))).second;
        check(added, "twice: " + line);
    }
    return scrape;
}

double sum_of(const Scrape& scrape, const std::string& name,
              const std::vector<std::string>& parts) {
    double sum = 0;
    for (const auto& entry : scrape) { // clang 14 can't capture structured bindings
        const std::string& series = entry.first;
        const bool wanted = series.substr(0, series.find('{')) == name &&
                            std::all_of(parts.begin(), parts.end(), [&](const std::string& part) {
                                return series.find(part) != std::string::npos;
                            });
        sum += wanted ? entry.second : 0;
    }
    return sum;
}

std::optional<double> value_of(const Scrape& scrape, const std::string& series) {
    const auto found = scrape.find(series);
    return found == scrape.end() ? std::nullopt : std::optional(found->second);
}

std::vector<pid_t> children_of(pid_t pid) {
    const std::string number = std::to_string(pid);
    std::istringstream text(read_file("/proc/" + number + "/task/" + number + "/children"));
    return {std::istream_iterator<pid_t>(text), std::istream_iterator<pid_t>()};
}

pid_t front_of(pid_t exporter) {
    for (const pid_t child : children_of(exporter)) {
        for (const auto& entry :
             std::filesystem::directory_iterator("/proc/" + std::to_string(child) + "/fd")) {
            if (std::filesystem::read_symlink(entry.path()) == "anon_inode:[eventpoll]") {
                return child;
            }
        }
    }
    return -1;
}

Exporter::Exporter(const TestNamespace& ns, const std::vector<std::string>& more)
    : Exporter(arguments_of(ns, more)) {}

Exporter::Exporter(const std::vector<std::string>& options)
    : tracer_(Argv{"exporter", "--listen", "127.0.0.1:0"} + options) {
    const std::string words = "listening on port ";
    await("the exporter's port", [&] {
        const std::string err = tracer_.command().err();
        const std::size_t at = err.find(words);
        const std::size_t end = err.find('\n', at);
        if (at == std::string::npos || end == std::string::npos) {
            return false;
        }
        port_ = static_cast<std::uint16_t>(std::stoi(err.substr(at + words.size())));
        return true;
    });
}

Scrape Exporter::scrape() const {
    const HttpAnswer answer = http_get(port_, "/metrics");
    check(answer.status == 200, "scrape: status " + std::to_string(answer.status));
    return parse_scrape(answer.body);
}

} // namespace live
