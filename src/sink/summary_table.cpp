#include "sink/summary_sink.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/ranges.h>

#include "sink/column.h"
#include "sink/ends_text.h"
#include "sink/summary_fields.h"
#include "util/text.h"

namespace twtrace {

namespace {

bool in_table(const GroupField& field, const Snapshot& snapshot, bool wide) {
    return !field.title.empty() && (wide || !field.wide) && is_asked_for(field, snapshot);
}

void append_header(const Snapshot& snapshot, bool wide, std::string& out) {
    for (const GroupField& field : group_fields())
        if (in_table(field, snapshot, wide))
            append_column(out, field.title, field.width, field.right);
    out += '\n';
}

void append_row(const GroupRow& row, const Snapshot& snapshot, bool wide, std::string& out) {
    const auto append = wide ? append_uncut_column : append_column;
    std::string cell;
    for (const GroupField& field : group_fields()) {
        if (!in_table(field, snapshot, wide))
            continue;
        cell.clear();
        if (!field.append(row, snapshot, cell))
            cell = "-";
        append(out, cell, field.width, field.right);
    }
    out += '\n';
}

using PeerOf = std::pair<const GroupRow*, const PeerRow*>;

// The peers of all groups, most time-waits first, without rows that stand for several peers.
std::vector<PeerOf> named_peers(const Snapshot& snapshot) {
    std::vector<PeerOf> peers;
    for (const GroupRow& row : snapshot.groups)
        for (const PeerRow& peer : row.peers)
            if (peer.remote)
                peers.emplace_back(&row, &peer);
    std::stable_sort(peers.begin(), peers.end(), [](const auto& a, const auto& b) {
        return a.second->time_wait > b.second->time_wait;
    });
    return peers;
}

void append_peers(const Snapshot& snapshot, std::string& out) {
    auto peers = named_peers(snapshot);
    if (peers.empty())
        return;
    peers.resize(std::min<std::size_t>(peers.size(), 10));
    out += "\nPEERS (service port: of the side that listens; port use: of the ephemeral ports "
           "towards that peer)\n";
    out += "TIME_WAIT PORT-USE SERVICE              PEER\n";
    std::uint64_t rest = snapshot.totals.time_wait;
    for (const auto& [row, peer] : peers) {
        append_column(out, fmt::format("{}", peer->time_wait), 9, true);
        append_column(out, peer->port_use ? fmt::format("{:.1f}%", *peer->port_use * 100) : "-", 8,
                      true);
        append_column(out, row->is_other ? "(other)" : row->service.value_or("-"), 20, false);
        append_printable(out, peer_text(*peer));
        if (peer->several_sources && peer->port_use_source)
            out += " from " + to_string(*peer->port_use_source);
        out += '\n';
        rest -= std::min(rest, peer->time_wait);
    }
    if (rest > 0)
        fmt::format_to(std::back_inserter(out), "... and {} on other peers; -o json has more\n",
                       rest);
}

std::string sum_line(const Accounting& accounting) {
    std::string sum = fmt::format("captured {}", accounting.captured);
    if (accounting.filtered > 0)
        sum += fmt::format(" ({} of them filtered out)", accounting.filtered);
    sum += fmt::format(" + lost {} + missed {}", accounting.lost, accounting.missed);
    if (!accounting.kernel)
        return fmt::format("not checked: {}; {}", sum,
                           accounting.reasons.empty()
                               ? "the run ended before the counters were compared"
                               : accounting.reasons.front());
    if (accounting.exact)
        return fmt::format("exact: {} = {} counted by the kernel", sum, *accounting.kernel);
    const std::string why = fmt::format("{}", fmt::join(accounting.reasons, "; "));
    if (accounting.unaccounted == 0)
        return fmt::format("{} not verified, the others exact ({}, the kernel counted {}): {}",
                           accounting.unverified, sum, *accounting.kernel, why);
    if (accounting.unaccounted < 0)
        return fmt::format("not exact: {} more than the {} that the kernel counted ({}): {}",
                           -accounting.unaccounted, *accounting.kernel, sum, why);
    return fmt::format("not exact: {} of {} unaccounted for ({}, the kernel counted {}): {}",
                       accounting.unaccounted, *accounting.kernel, sum, *accounting.kernel, why);
}

} // namespace

std::string accounting_line(const Accounting& accounting) {
    std::string line = sum_line(accounting);
    if (accounting.without_closer > 0)
        line += fmt::format("; {} without a closer", accounting.without_closer);
    if (accounting.untracked > 0)
        line += fmt::format("; {} sockets untracked", accounting.untracked);
    return line;
}

void append_summary_table(const Snapshot& snapshot, bool wide, std::string& out) {
    append_header(snapshot, wide, out);
    for (const GroupRow& row : snapshot.groups)
        append_row(row, snapshot, wide, out);
    append_peers(snapshot, out);
    const Counts& totals = snapshot.totals;
    fmt::format_to(
        std::back_inserter(out),
        "\n{:.1f} s: {} entries into TIME_WAIT ({:.1f}/s), {} of them began in "
        "FIN_WAIT2; {} aborted, {} passive "
        "closes, {} connects without a free port\n",
        snapshot.duration_s, totals.time_wait,
        snapshot.duration_s > 0 ? static_cast<double>(totals.time_wait) / snapshot.duration_s : 0.0,
        totals.fin_wait2, totals.aborted, totals.passive_close, totals.port_exhausted);
    if (snapshot.ends)
        out += "Minisocks: " + ends_line(*snapshot.ends) + "\n";
    out += "Accounting: " + accounting_line(snapshot.accounting) + "\n";
}

void append_summary_csv(const Snapshot& snapshot, std::string& out) {
    std::string line;
    for (const GroupField& field : group_fields())
        if (!field.key.empty() && is_asked_for(field, snapshot))
            line.append(line.empty() ? "" : ",").append(field.key);
    out += line + "\n";
    std::string cell;
    for (const GroupRow& row : snapshot.groups) {
        bool first = true;
        for (const GroupField& field : group_fields()) {
            if (field.key.empty() || !is_asked_for(field, snapshot))
                continue;
            out += first ? "" : ",";
            first = false;
            cell.clear();
            if (field.append(row, snapshot, cell))
                append_csv(out, cell);
        }
        out += '\n';
    }
}

void append_summary(const Snapshot& snapshot, Format format, bool wide, std::string& out,
                    bool one_of_many) {
    switch (format) {
    case Format::Json:
        return append_summary_json(snapshot, out, one_of_many);
    case Format::Csv:
        append_summary_csv(snapshot, out);
        break;
    case Format::Table:
        append_summary_table(snapshot, wide, out);
        break;
    }
    out += one_of_many ? "\n" : "";
}

} // namespace twtrace
