#include "doctor/expected.h"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "doctor/wording.h"
#include "ports/wider_range.h"
#include "whatif/predict.h"

namespace twtrace::doctor {

namespace {

struct Match {
    std::string_view finding;
    std::string_view remedy;
    std::string_view in_fix; // a line of the fix contains this; empty: always
};

// The effect of the lines of a finding's fix, in terms of whatif.
constexpr std::array matches{
    Match{"connection-per-request", "pool", ""},
    Match{"server-closes-first", "keepalive-timeout", ""},
    Match{"ports-running-out", "tw-reuse", "tcp_tw_reuse=1"},
    Match{"ports-running-out", "port-range", "ip_local_port_range="},
    Match{"no-free-port", "tw-reuse", "tcp_tw_reuse=1"},
    Match{"no-free-port", "port-range", "ip_local_port_range="},
    Match{"tw-reuse-off", "tw-reuse", ""},
};

bool proposes(const Finding& finding, const Match& match) {
    return finding.id == match.finding &&
           (match.in_fix.empty() ||
            std::any_of(finding.fix.begin(), finding.fix.end(), [&](const std::string& line) {
                return line.find(match.in_fix) != std::string::npos;
            }));
}

// Of the namespace, with the ports reserved that the fix reserves for a wider range.
std::optional<NetSettings> settings_for(const Observations& seen, std::uint32_t netns) {
    const NamespaceFacts* facts = seen.facts(netns);
    if (facts == nullptr || !facts->settings)
        return std::nullopt;
    NetSettings settings = *facts->settings;
    for (const std::uint16_t port : listeners_in(*facts, wider_range(settings.ephemeral)))
        settings.reserved.insert(port);
    return settings;
}

bool is_about(const Finding& finding, const whatif::FlowId& id) {
    const bool same_service = finding.service.empty() || finding.service == id.service;
    const bool same_port = !finding.service_port || *finding.service_port == id.port;
    const bool same_peer = !finding.remote || *finding.remote == id.remote;
    const bool same_netns = !finding.netns || *finding.netns == id.netns;
    return same_service && same_port && same_peer && same_netns;
}

std::string rate(double value) {
    return value < 0.05 ? "0/s" : per_second(value);
}

std::string percent(double share) {
    return share < 0.01 ? "under 1 %" : fmt::format("{:.0f} %", share * 100);
}

std::string effect_text(const whatif::Effect& today, const whatif::Remedy& remedy) {
    std::string text = fmt::format("{}: ", remedy.title);
    if (!remedy.helps)
        return text + remedy.caveat;
    const whatif::Effect& then = remedy.effect;
    const double saved = today.closes_per_s - then.closes_per_s;
    if (saved > 0.01 * today.closes_per_s)
        text +=
            fmt::format("closes {} -> about {}", rate(today.closes_per_s), rate(then.closes_per_s));
    if (today.port_share && then.port_share)
        text += fmt::format("{}ports taken and not reusable, at this rate, {} -> {}",
                            text.ends_with(": ") ? "" : ", ", percent(*today.port_share),
                            percent(*then.port_share));
    if (!remedy.caveat.empty())
        text += fmt::format(" ({})", remedy.caveat);
    return text;
}

// The flow that closes most, of those that a finding is about.
const std::pair<const whatif::FlowId, whatif::FlowLog>* busiest(const Finding& finding, Role role,
                                                                const whatif::ConnectionLog& log) {
    const std::pair<const whatif::FlowId, whatif::FlowLog>* best = nullptr;
    for (const auto& flow : log.flows())
        if (flow.first.role == role && is_about(finding, flow.first) &&
            (best == nullptr || flow.second.time_wait > best->second.time_wait))
            best = &flow;
    return best;
}

} // namespace

void add_expected(const Observations& seen, const whatif::ConnectionLog& log, double kept_seconds,
                  Findings& findings) {
    for (Finding& finding : findings)
        for (const Match& match : matches) {
            if (!proposes(finding, match))
                continue;
            const bool server = match.remedy == "keepalive-timeout";
            const auto* flow = busiest(finding, server ? Role::Server : Role::Client, log);
            if (flow == nullptr)
                continue;
            const auto settings = settings_for(seen, flow->first.netns);
            const whatif::Prediction prediction =
                whatif::predict(flow->first, flow->second, settings ? &*settings : nullptr,
                                {seen.seconds, kept_seconds});
            for (const whatif::Remedy& remedy : prediction.remedies) {
                if (remedy.id != match.remedy)
                    continue;
                const double gained = remedy.helps ? gain(prediction.today, remedy.effect) : 0;
                const bool is_best = gained > finding.gain;
                finding.gain = is_best ? gained : finding.gain;
                finding.expected.insert(is_best ? finding.expected.begin() : finding.expected.end(),
                                        effect_text(prediction.today, remedy));
            }
        }
    put_in_order(findings);
}

} // namespace twtrace::doctor
