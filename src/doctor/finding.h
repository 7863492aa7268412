// A finding of the doctor: evidence, meaning, and what to do about it.
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
    Critical, ///< connections fail or are slow, now or within a minute
    Warning,  ///< will fail if it grows or continues
    Note,     ///< has a cost, or does not have the intended effect
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
    std::string_view id; ///< stable: used by scripts
    Severity severity = Severity::Note;
    double weight = 0; ///< the order within a severity and equal gain, highest first
    std::string title;
    std::vector<std::string> evidence; ///< numbers from this host
    std::string meaning;
    /// Lines to copy. One with # in front explains the next one; with none after it, it is advice.
    std::vector<std::string> fix;
    std::vector<std::string> expected{}; ///< predicted effects, best first
    /// Of the best of them, in connections a second; the largest comes first within a severity.
    double gain = 0;

    // The subject of the finding; none: not applicable, or not known.
    std::optional<std::uint32_t> netns;
    std::string service;
    std::optional<std::uint32_t> pid; ///< one of its processes
    std::optional<Address> remote;
    std::optional<std::uint16_t> service_port;
    std::vector<std::pair<std::string_view, double>> numbers; ///< the evidence for scripts
};

} // namespace twtrace::doctor
