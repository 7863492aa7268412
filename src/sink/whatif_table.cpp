#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "doctor/wording.h"
#include "sink/column.h"
#include "sink/summary_sink.h"
#include "sink/whatif_sink.h"
#include "util/text.h"

namespace twtrace {

namespace {

using whatif::Effect;
using whatif::Prediction;
using whatif::Remedy;

constexpr std::size_t max_shown = 10;
constexpr int title_width = 52;

std::string peer_of(const Prediction& prediction) {
    const whatif::FlowId& flow = prediction.flow;
    if (flow.role == Role::Server)
        return fmt::format("port {} (as the server)", flow.port);
    return printable(doctor::endpoint(flow.remote, flow.port, prediction.remote_service));
}

std::string rate(double value) {
    if (value >= 100)
        return doctor::grouped(static_cast<std::uint64_t>(std::llround(value)));
    return fmt::format("{:.1f}", value);
}

std::string share(const Effect& effect) {
    if (!effect.port_share)
        return "-";
    return *effect.port_share > 0 && *effect.port_share < 0.001
               ? "<0.1%"
               : fmt::format("{:.1f}%", *effect.port_share * 100);
}

std::string run_out(const Effect& effect) {
    if (!effect.port_share)
        return "-";
    return effect.run_out_s ? fmt::format("in {:.0f} s", *effect.run_out_s) : "never";
}

void append_effect(std::string_view title, const Effect& effect, std::string& out) {
    append_uncut_column(out, title, title_width, false);
    append_column(out, rate(effect.closes_per_s), 9, true);
    append_column(out, share(effect), 7, true);
    append_column(out, run_out(effect), 10, true);
    append_column(out, std::to_string(effect.failed_connects), 7, true);
    append_column(out,
                  effect.handshakes_saved_per_s > 0 ? rate(effect.handshakes_saved_per_s) : "-", 0,
                  true);
    out += '\n';
}

void append_prediction(const Prediction& prediction, bool wide, std::string& out) {
    const whatif::FlowId& flow = prediction.flow;
    out += fmt::format("{} -> {}{}\n", printable(flow.service.empty() ? "-" : flow.service),
                       peer_of(prediction),
                       flow.local.family != 0 ? " from " + to_string(flow.local) : "");
    append_effect("  today", prediction.today, out);
    for (const Remedy& remedy : prediction.remedies) {
        if (!remedy.helps) {
            if (wide || remedy.id == "fin-timeout")
                out += fmt::format("  {}: {}\n", remedy.title,
                                   remedy.caveat.empty() ? "no effect here" : remedy.caveat);
            continue;
        }
        append_effect("  " + remedy.title, remedy.effect, out);
        if (!remedy.caveat.empty())
            out += "      " + remedy.caveat + '\n';
    }
    out += '\n';
}

} // namespace

void append_whatif_table(const WhatIfReport& report, bool wide, std::string& out) {
    append_column(out, "", title_width, false);
    out += "CLOSES/s   PORTS    RUN OUT  FAILED HANDSHAKES SAVED/s\n";
    std::size_t shown = 0;
    for (const Prediction& prediction : report.predictions) {
        if (!wide && shown == max_shown)
            break;
        append_prediction(prediction, wide, out);
        ++shown;
    }
    if (shown < report.predictions.size())
        out += fmt::format("and {} more; -w shows all\n", report.predictions.size() - shown);
    if (report.predictions.empty())
        out += "no connection was closed\n";
    out +=
        fmt::format("Closes are entries into TIME_WAIT on this side; ports are those taken and not "
                    "reusable if this rate lasts.\nFrom {:.1f} s on {}.\n",
                    report.seconds, printable(report.host));
    if (report.kept_seconds < report.seconds - 0.1)
        out +=
            fmt::format("There were more connections than are kept: pools are simulated with the "
                        "first {:.1f} s.\n",
                        report.kept_seconds);
    if (report.beyond > 0)
        out += fmt::format("{} events of further services and peers are not included.\n",
                           report.beyond);
    out += "Accounting: " + accounting_line(report.accounting) + '\n';
}

} // namespace twtrace
