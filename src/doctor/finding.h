// What the doctor has found: evidence, meaning, and what to do about it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/address.h"

namespace twtrace::doctor {

/// Worst first.
enum class Severity : std::uint8_t {
    Critical, ///< connections fail or crawl, or will within a minute
    Warning,  ///< will fail if it grows, or goes on
    Note,     ///< costs something, or does not do what somebody meant it to
};

constexpr std::string_view name_of(Severity severity) {
    switch (severity) {
    case Severity::Critical:
        return "critical";
    case Severity::Warning:
        return "warning";
    case Severity::Note:
        return "note";
    }
    return {};
}

struct Finding {
    std::string_view id; ///< stable: scripts lean on it
    Severity severity = Severity::Note;
    double weight = 0; ///< within a severity, of those that gain the same, the heavier comes first
    std::string title;
    std::vector<std::string> evidence; ///< numbers from this host
    std::string meaning;
    std::vector<std::string> fix; ///< lines to paste; those with a # in front explain the next one
    std::vector<std::string>
        expected{};  ///< what they would change, where it can be predicted; best first
    double gain = 0; ///< of the best of them, in connections a second; within a severity the
                     ///< largest comes first

    // What it is about; none: nothing of the kind, or not known.
    std::optional<std::uint32_t> netns;
    std::string service;
    std::optional<std::uint32_t> pid; ///< one of its processes
    std::optional<Address> remote;
    std::optional<std::uint16_t> service_port;
    std::vector<std::pair<std::string_view, double>> numbers; ///< the evidence for scripts
};

} // namespace twtrace::doctor
