#include "sink/ends_text.h"

#include <array>

#include <fmt/format.h>

#include "sink/summary_fields.h"

namespace twtrace {

namespace {

struct EndText {
    Reason reason;
    const char* words;
};

constexpr std::array end_texts{EndText{Reason::Expired, "expired"},
                               EndText{Reason::ReusedConnect, "reused by connect()"},
                               EndText{Reason::ReusedSyn, "reused by a SYN"},
                               EndText{Reason::PeerReset, "killed by an RST"},
                               EndText{Reason::LocalReset, "reset for late data"},
                               EndText{Reason::Purged, "gone with their network namespace"},
                               EndText{Reason::Destroyed, "destroyed on request"},
                               EndText{Reason::None, "in an unknown way"}};

std::string median_of(const EndsRow& row, Reason reason) {
    const auto us = reason == Reason::ReusedConnect ? row.connect_p50_us
                    : reason == Reason::ReusedSyn   ? row.syn_p50_us
                                                    : std::nullopt;
    return us ? fmt::format(" after {} (median)", human_us(*us)) : "";
}

std::string ended_of(const EndsRow& row) {
    std::string text;
    for (const EndText& end : end_texts)
        if (const auto count = row.ended.at(static_cast<std::size_t>(end.reason)); count > 0)
            text += fmt::format("{}{} {}{}", text.empty() ? "" : ", ", count, end.words,
                                median_of(row, end.reason));
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
        line += fmt::format("; {} others ended whose entry was not seen", ends.unseen);
    if (!ends.exact)
        line += fmt::format("; not exact: {} records lost, {} entries that did not fit, or entries "
                            "that the accounting lacks",
                            ends.lost, ends.untracked);
    return line;
}

} // namespace twtrace
