#include "doctor/port_finding.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "doctor/thresholds.h"
#include "doctor/wording.h"

namespace twtrace::doctor {

Finding about(const Observations& seen, const Destination& to, std::string_view id) {
    Finding finding;
    finding.id = id;
    finding.netns = to.netns;
    finding.remote = to.use.remote;
    finding.service_port = to.use.port;
    if (to.busiest != nullptr) {
        finding.service = to.busiest->service;
        if (to.busiest->pid != 0)
            finding.pid = to.busiest->pid;
    }
    finding.evidence = port_evidence(to);
    finding.numbers = port_numbers(seen, to);
    return finding;
}

std::optional<double> time_left_s(const Observations& seen, const Destination& to, double share) {
    const double held = to.use.held();
    if (to.use.held() <= to.use.held_before || seen.between_counts_s <= 0 ||
        to.forecast_share < share)
        return std::nullopt;
    const double rise = (held - to.use.held_before) / seen.between_counts_s;
    return std::max(0.0, to.usable * share - held) / rise;
}

std::string outlook(const Observations& seen, const Destination& to) {
    std::string text = to.busiest == nullptr
                           ? "no closes were observed"
                           : fmt::format("{} closes {} of them into TIME_WAIT", who(*to.busiest),
                                         per_second(seen.rate(to.time_wait)));
    const auto half = time_left_s(seen, to, threshold::ports_half);
    const auto all = time_left_s(seen, to, 1);
    if (half && *half > 0)
        text += fmt::format("; at this rate half are taken in {}", duration_text(*half));
    if (all && *all > 0)
        text += fmt::format("{} all in {}", half && *half > 0 ? "," : "; at this rate",
                            duration_text(*all));
    if (!half && !all && to.forecast_share > to.share())
        text +=
            fmt::format("; at this rate {} stay taken", percent(std::min(1.0, to.forecast_share)));
    return text;
}

} // namespace twtrace::doctor
