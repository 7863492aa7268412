#include "sink/ends_text.h"

#include <array>

#include <fmt/format.h>

#include "sink/summary_fields.h"

namespace twtrace {

namespace {

struct Way {
    Reason reason;
    const char* words;
};

constexpr std::array ways{Way{Reason::Expired, "expired"},
                          Way{Reason::ReusedConnect, "reused by connect()"},
                          Way{Reason::ReusedSyn, "reused by a SYN"},
                          Way{Reason::PeerReset, "killed by an RST"},
                          Way{Reason::LocalReset, "reset for late data"},
                          Way{Reason::Purged, "gone with their network namespace"},
                          Way{Reason::Destroyed, "destroyed on request"},
                          Way{Reason::None, "in a way that was lost"}};

std::string median_of(const EndsRow& row, Reason reason) {
    const auto us = reason == Reason::ReusedConnect ? row.connect_p50_us
                    : reason == Reason::ReusedSyn   ? row.syn_p50_us
                                                    : std::nullopt;
    return us ? fmt::format(" after {} (median)", human_us(*us)) : "";
}

std::string ended_of(const EndsRow& row) {
    std::string text;
    for (const Way& way : ways)
        if (const auto count = row.ended.at(static_cast<std::size_t>(way.reason)); count > 0)
            text += fmt::format("{}{} {}{}", text.empty() ? "" : ", ", count, way.words,
                                median_of(row, way.reason));
    return text.empty() ? "none" : text;
}

} // namespace

std::string ends_line(const EndsTotals& ends) {
    const EndsRow& row = ends.row;
    std::string line = fmt::format("{} of these exist now", row.present);
    if (row.present_fin_wait2 > 0)
        line += fmt::format(", {} in FIN_WAIT2", row.present_fin_wait2);
    if (row.started > 0)
        line += fmt::format("; {} got the FIN in FIN_WAIT2", row.started);
    line += "; ended: " + ended_of(row);
    if (ends.unseen > 0)
        line += fmt::format("; {} others ended that were not seen to enter", ends.unseen);
    if (!ends.exact)
        line += fmt::format("; not exact: {} records lost, {} entries without room, or entries "
                            "that the accounting misses",
                            ends.lost, ends.untracked);
    return line;
}

} // namespace twtrace
