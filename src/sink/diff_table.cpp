#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "doctor/wording.h"
#include "model/timestamp.h"
#include "sink/column.h"
#include "sink/diff_sink.h"
#include "util/text.h"

namespace twtrace {

namespace {

constexpr std::size_t max_rows = 40;

std::string peer_of(const DiffRow& row) {
    const DiffKey& key = row.key;
    if (key.port == 0)
        return "-";
    if (key.role == Role::Client)
        return printable(doctor::endpoint(key.remote, key.port, row.remote_service));
    return fmt::format("port {}", key.port);
}

std::string percent(const std::optional<DiffRow::Values>& values) {
    return values && values->port_use ? fmt::format("{:.1f}%", *values->port_use * 100) : "-";
}

std::string lifetime(const std::optional<DiffRow::Values>& values) {
    if (!values || !values->lifetime_below_us)
        return "-";
    const auto us = static_cast<double>(*values->lifetime_below_us);
    if (us < 1e3)
        return fmt::format("<{:.0f}us", us);
    return us < 1e6 ? fmt::format("<{:.0f}ms", us / 1e3) : fmt::format("<{:.0f}s", us / 1e6);
}

std::string change(const DiffRow& row) {
    if (!row.before)
        return "new";
    if (!row.after || (row.after->counts.time_wait == 0 && row.before->counts.time_wait > 0))
        return "gone";
    if (row.before->rate <= 0)
        return "-";
    return fmt::format("{:+.0f}%", row.change() / row.before->rate * 100);
}

void append_row(const DiffRow& row, int peer_width, std::string& out) {
    const auto rate = [](const auto& values) {
        return values ? fmt::format("{:.1f}", values->rate) : std::string("-");
    };
    const auto failed = [](const auto& values) {
        return values ? std::to_string(values->counts.port_exhausted) : std::string("-");
    };
    append_column(out, row.key.service.empty() ? "-" : row.key.service, 20, false);
    append_column(out, name_of(row.key.role).empty() ? "-" : name_of(row.key.role), 6, false);
    append_column(out, peer_of(row), peer_width, false);
    append_column(out, rate(row.before), 9, true);
    append_column(out, rate(row.after), 9, true);
    append_column(out, change(row), 6, true);
    append_column(out, percent(row.before), 6, true);
    append_column(out, percent(row.after), 6, true);
    append_column(out, failed(row.before), 6, true);
    append_column(out, failed(row.after), 6, true);
    append_column(out, lifetime(row.before), 7, true);
    append_column(out, lifetime(row.after), 0, true);
    out += '\n';
}

int peer_width(const Diff& diff, std::size_t rows) {
    constexpr std::size_t min_width = 24;
    constexpr std::size_t max_width = 44;
    std::size_t width = min_width;
    for (std::size_t index = 0; index < rows; ++index)
        width = std::max(width, peer_of(diff.rows[index]).size());
    return static_cast<int>(std::min(width, max_width));
}

void append_side(std::string_view word, const DiffSide& side, std::string& out) {
    out += fmt::format("{} {} on {}, from ", word, printable(side.name), printable(side.host));
    append_rfc3339(out, side.start_wall_ns);
    out += fmt::format(" for {:.1f} s: {} entries into TIME_WAIT ({:.1f}/s), {} connects without a "
                       "free port; {}\n",
                       side.seconds, doctor::grouped(side.totals().time_wait),
                       side.rate(side.totals().time_wait), side.totals().port_exhausted,
                       side.accounting.exact ? "accounting exact" : "accounting not exact");
}

void append_findings(std::string_view word, const std::vector<const doctor::Finding*>& findings,
                     std::string& out) {
    for (const doctor::Finding* finding : findings)
        out += fmt::format("{:<6} {}: {}\n", word, name_of(finding->severity),
                           printable(finding->title));
}

} // namespace

void append_diff_table(const Diff& diff, std::string& out) {
    append_side("Before:", *diff.before, out);
    append_side("After: ", *diff.after, out);
    const std::size_t rows = std::min(max_rows, diff.rows.size());
    const int width = peer_width(diff, rows);
    out += '\n' + std::string(29 + static_cast<std::size_t>(width), ' ') +
           "CLOSES/s                    PORTS         NO-PORT       HALF LIVED\n";
    append_column(out, "SERVICE", 20, false);
    append_column(out, "ROLE", 6, false);
    append_column(out, "PEER", width, false);
    out += "   BEFORE     AFTER CHANGE BEFORE  AFTER BEFORE  AFTER  BEFORE AFTER\n";
    for (std::size_t index = 0; index < rows; ++index)
        append_row(diff.rows[index], width, out);
    if (diff.rows.size() > max_rows)
        out += fmt::format("and {} more; -o json shows all\n", diff.rows.size() - max_rows);
    if (diff.rows.empty())
        out += "no connection was closed into TIME_WAIT in either\n";
    out += "\nWhat twtrace doctor finds:\n";
    append_findings("gone", diff.gone, out);
    append_findings("new", diff.appeared, out);
    append_findings("still", diff.still, out);
    if (diff.gone.empty() && diff.appeared.empty() && diff.still.empty())
        out += "nothing in either\n";
}

} // namespace twtrace
