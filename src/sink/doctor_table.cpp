#include <algorithm>

#include <fmt/format.h>

#include "doctor/destination.h"
#include "doctor/out_of_sight.h"
#include "doctor/rules.h"
#include "doctor/wording.h"
#include "sink/doctor_sink.h"
#include "sink/summary_sink.h"
#include "util/text.h"

namespace twtrace::doctor {

namespace {

constexpr std::size_t columns = 100;
// More findings of a kind do not help the reader; JSON has them all.
constexpr std::size_t shown_of_a_kind = 5;

// Breaks lines at spaces; lines after the first have the same indent.
void append_wrapped(std::string& out, std::string_view label, std::string_view text) {
    const std::string safe = printable(text);
    std::string_view rest = safe;
    bool first = true;
    while (!rest.empty()) {
        const std::size_t width = columns - label.size();
        std::size_t length = rest.size();
        if (length > width) {
            const std::size_t space = rest.rfind(' ', width);
            length = space == std::string_view::npos ? rest.find(' ') : space;
            length = std::min(length, rest.size());
        }
        out += first ? std::string(label) : std::string(label.size(), ' ');
        out += rest.substr(0, length);
        out += '\n';
        rest.remove_prefix(std::min(rest.size(), length + 1));
        first = false;
    }
}

void append_finding(const Finding& finding, std::size_t number, std::string& out) {
    std::string severity(name_of(finding.severity));
    std::transform(severity.begin(), severity.end(), severity.begin(),
                   [](char c) { return static_cast<char>(c - 'a' + 'A'); });
    append_wrapped(out, fmt::format("{}. {}: ", number, severity), finding.title);
    for (const std::string& line : finding.evidence)
        append_wrapped(out, "   * ", line);
    append_wrapped(out, "   ", finding.meaning);
    if (!finding.fix.empty())
        out += "   Do:\n";
    for (const std::string& line : finding.fix) // never broken, so that they can be copied
        out += "       " + printable(line) + "\n";
    for (const std::string& line : finding.expected)
        append_wrapped(out, "   Expect: ", line);
    out += '\n';
}

// The ports taken by sockets, and those of them that connect() may not take over (tcp_tw_reuse);
// the two may have different destinations.
struct MostUsed {
    PortUse taken;
    PortUse held;
    double taken_share = 0;
    double held_share = 0;
    double reusable_share = 0; // of `taken`
    bool skipped = false;      // some namespaces had too few sockets
};

MostUsed most_used(const Observations& seen) {
    MostUsed most;
    for (const auto& [netns, facts] : seen.namespaces)
        most.skipped = most.skipped || (facts.settings && !facts.ports_counted);
    for (const Destination& to : destinations(seen)) {
        const double usable = to.usable;
        if (usable > 0 && to.use.taken() / usable > most.taken_share) {
            most.taken_share = to.use.taken() / usable;
            most.reusable_share = to.use.reusable / usable;
            most.taken = to.use;
        }
        if (usable > 0 && to.use.held() / usable > most.held_share) {
            most.held_share = to.use.held() / usable;
            most.held = to.use;
        }
    }
    return most;
}

std::string endpoint(const PortUse& use) {
    return doctor::endpoint(use.remote, use.port);
}

std::string port_use_text(const Observations& seen) {
    const bool none = std::none_of(seen.namespaces.begin(), seen.namespaces.end(),
                                   [](const auto& one) { return one.second.settings.has_value(); });
    if (none)
        return "ports were not counted";
    constexpr double min_share_shown = 0.01;
    const MostUsed most = most_used(seen);
    if (most.taken_share <= (most.skipped ? min_share_shown : 0))
        return most.skipped ? "ports less than 1 % taken" : "no ports taken";
    std::string text = fmt::format("ports at most {} taken, towards {}", percent(most.taken_share),
                                   endpoint(most.taken));
    if (most.reusable_share <= min_share_shown)
        return text;
    text += fmt::format(" ({} reusable)", percent(most.reusable_share));
    const bool elsewhere = most.held.local != most.taken.local ||
                           most.held.remote != most.taken.remote ||
                           most.held.port != most.taken.port;
    if (elsewhere && most.held_share > min_share_shown)
        text += fmt::format(", and {} towards {} that are not reusable", percent(most.held_share),
                            endpoint(most.held));
    return text;
}

// No process creates them any more, so no finding mentions them.
std::string leftover_text(const Leftovers& left) {
    std::string text =
        fmt::format("{} sockets are still in TIME_WAIT from before", grouped(left.sockets));
    std::vector<std::pair<std::uint64_t, std::string>> services;
    for (const auto& [service, sockets] : left.by_service)
        services.emplace_back(sockets, service);
    std::sort(services.rbegin(), services.rend());
    constexpr std::size_t shown = 3;
    std::uint64_t rest = left.sockets;
    std::string names;
    for (std::size_t index = 0; index < std::min(services.size(), shown); ++index) {
        const auto& [sockets, service] = services[index];
        names += fmt::format("{} of {}, ", grouped(sockets), printable(service));
        rest -= std::min(rest, sockets);
    }
    if (names.empty())
        names = "closers not known: a running twtrace trace --journal would record them";
    else if (rest > 0)
        names += grouped(rest) + " of other or unknown services";
    else
        names.erase(names.size() - 2);
    return text + fmt::format(" ({}); the last of them ends in {}.", names,
                              duration_text(left.last_ends_in_ms / 1000.0));
}

void append_result(const DoctorReport& report, std::string& out) {
    const Observations& seen = report.seen;
    const std::uint64_t entries = seen.totals.time_wait;
    const std::string observed =
        fmt::format("{:.1f} s on {}, {} network namespace{}", seen.seconds, printable(report.host),
                    seen.namespaces.size(), seen.namespaces.size() == 1 ? "" : "s");
    if (entries == 0) {
        append_wrapped(
            out, "",
            fmt::format("No connection was closed into TIME_WAIT: observed for {}; {}{}.", observed,
                        port_use_text(seen), report.findings.empty() ? ": nothing to do" : ""));
    } else {
        append_wrapped(out, "",
                       fmt::format("{} entries into TIME_WAIT, {}{} (observed for {}).",
                                   per_second(seen.rate(entries)), port_use_text(seen),
                                   report.findings.empty() ? ": nothing to do" : "", observed));
    }
}

} // namespace

void append_doctor_table(const DoctorReport& report, bool wide, std::string& out) {
    std::size_t number = 0;
    std::size_t left_out = 0;
    for (const Finding& finding : report.findings) {
        const auto before =
            std::count_if(report.findings.data(), &finding,
                          [&](const Finding& earlier) { return earlier.id == finding.id; });
        if (wide || static_cast<std::size_t>(before) < shown_of_a_kind)
            append_finding(finding, ++number, out);
        else
            ++left_out;
    }
    if (left_out > 0)
        out += fmt::format("... and {} more of these kinds; -w shows them\n\n", left_out);
    append_result(report, out);
    if (report.findings.empty() && report.seen.leftovers && report.seen.leftovers->sockets > 0)
        append_wrapped(out, "", leftover_text(*report.seen.leftovers));
    if (wide || report.findings.empty())
        for (const std::string& one : out_of_sight(report.seen))
            append_wrapped(out, "", "Can't be seen: " + one + ".");
    if (wide || report.seen.totals.time_wait == 0) {
        std::string looked_for = "Looked for: ";
        for (const Rule& rule : rules())
            looked_for += std::string(&rule == rules().data() ? "" : "; ").append(rule.subject);
        append_wrapped(out, "", looked_for + ".");
    }
    for (const std::string& note : report.notes)
        append_wrapped(out, "Not checked: ", note);
    if (report.seen.beyond > 0)
        out += fmt::format("Not distinguished: {} events of more peers than are kept\n",
                           grouped(report.seen.beyond));
    append_wrapped(out, "Accounting: ", accounting_line(report.seen.accounting));
}

} // namespace twtrace::doctor
