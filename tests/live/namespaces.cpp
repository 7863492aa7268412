#include "namespaces.h"

#include <nlohmann/json.hpp>

#include "command.h"

namespace live {

using nlohmann::json;

std::vector<Job> jobs_of(std::size_t times) {
    return std::vector<Job>(
        times, Job{&closing_kind("shutdown_then_peer_closes"), Family::V4, Role::Client});
}

void close_in(const TestNamespace& ns, std::size_t times) {
    run_jobs(ns, jobs_of(times));
}

std::uint64_t sum_of(const std::string& out, const char* part, const char* key) {
    std::uint64_t sum = 0;
    for (const std::string& line : lines_of(out)) {
        const json value = json::parse(line).at(part).at(key);
        sum += value.is_null() ? 0 : value.get<std::uint64_t>();
    }
    return sum;
}

std::int64_t unaccounted_in(const std::string& out) {
    std::int64_t sum = 0;
    for (const std::string& line : lines_of(out)) {
        const json value = json::parse(line).at("accounting").at("unaccounted");
        sum += value.is_null() ? 0 : value.get<std::int64_t>();
    }
    return sum;
}

std::int64_t ambiguous_in(const std::string& out) {
    std::int64_t sum = 0;
    for (const std::string& line : lines_of(out)) {
        const json parsed = json::parse(line);
        for (const json& reason : parsed.at("accounting").at("reasons")) {
            const auto text = reason.get<std::string>();
            if (text.find("closes within microseconds") != std::string::npos) {
                sum += std::stoll(text);
            }
        }
    }
    return sum;
}

} // namespace live
