// One self-contained HTML page.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "report/marks.h"
#include "report/series.h"

namespace twtrace {

struct ReportData {
    double duration_s = 0;
    Series closes{Series::Kind::Sum};   ///< by service: entries into TIME_WAIT
    Series ports{Series::Kind::Most};   ///< by destination: share of the ephemeral ports, 0 to 1
    Series present{Series::Kind::Most}; ///< by namespace: sockets in TIME_WAIT
    Series limits{Series::Kind::Most};  ///< by namespace: net.ipv4.tcp_max_tw_buckets
    std::vector<std::uint64_t> lifetimes = std::vector<std::uint64_t>(40); ///< by bit width of us
    // Documents as printed by other commands: twtrace.summary/1, twtrace.doctor/1,
    // twtrace.whatif/1.
    std::string summary_json;
    std::string doctor_json;
    std::string whatif_json;
    std::vector<std::vector<Marks::Span>> held; ///< times of the doctor's findings, in its order
    std::string accounting;
};

/// nonce: random, and of characters that are valid in an attribute.
std::string report_html(const ReportData& data, const std::string& nonce);

/// The JSON without "<", so that nothing in it can end the script element that contains it.
std::string without_tags(const std::string& json);

} // namespace twtrace
