#include "report/report.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "report/page.h"
#include "util/version_number.h"

namespace twtrace {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t services_shown = 7;

Json lines_of(const Series& series, std::size_t most, double duration_s, double factor) {
    Json lines = Json::array();
    for (const Series::Line& line : series.lines(most, duration_s, Series::point_s(duration_s))) {
        Json values = Json::array();
        for (const auto& value : line.values)
            values.push_back(value ? Json(std::round(*value * factor * 100) / 100) : Json(nullptr));
        lines.push_back({{"name", line.name},
                         {"values", std::move(values)},
                         {"limit", line.name.ends_with(" limit")}});
    }
    return lines;
}

Json seconds_of(double duration_s) {
    Json seconds = Json::array();
    const std::uint64_t width = Series::point_s(duration_s);
    for (std::uint64_t at = 0; at == 0 || static_cast<double>(at) < duration_s; at += width)
        seconds.push_back(at);
    return seconds;
}

std::string duration_text(double us) {
    if (us < 1e3)
        return fmt::format("{:.0f} us", us);
    return us < 1e6 ? fmt::format("{:.0f} ms", us / 1e3) : fmt::format("{:.0f} s", us / 1e6);
}

Json lifetimes_of(const std::vector<std::uint64_t>& counts) {
    Json bars = Json::array();
    const auto is_some = [](std::uint64_t count) { return count > 0; };
    const auto first = std::find_if(counts.begin(), counts.end(), is_some);
    const auto last = std::find_if(counts.rbegin(), counts.rend(), is_some).base();
    for (auto at = first; at < last; ++at)
        bars.push_back({{"below", duration_text(static_cast<double>(std::uint64_t{1}
                                                                    << (at - counts.begin())))},
                        {"count", *at}});
    return bars;
}

std::string replaced(std::string_view page, std::string_view mark, std::string_view with) {
    std::string out;
    while (true) {
        const auto at = page.find(mark);
        out += page.substr(0, at);
        if (at == std::string_view::npos)
            return out;
        out += with;
        page.remove_prefix(at + mark.size());
    }
}

} // namespace

std::string without_tags(const std::string& json) {
    return replaced(json, "<", "\\u003c");
}

std::string report_html(const ReportData& data, const std::string& nonce) {
    const Json document{
        {"version", TWTRACE_RELEASE},
        {"series",
         {{"seconds", seconds_of(data.duration_s)},
          {"closes", lines_of(data.closes, services_shown, data.duration_s, 1)},
          {"ports", lines_of(data.ports, services_shown, data.duration_s, 100)},
          {"present", lines_of(data.present, 2 * services_shown, data.duration_s, 1)}}},
        {"lifetimes", lifetimes_of(data.lifetimes)},
        {"summary", Json::parse(data.summary_json)},
        {"doctor", Json::parse(data.doctor_json)},
        {"whatif", Json::parse(data.whatif_json)},
        {"accounting", data.accounting}};
    // The data goes in last: nothing in it is taken for a mark.
    std::string page = replaced(page::html(), "@NONCE@", nonce);
    page = replaced(page, "@CSS@", page::css());
    page = replaced(page, "@CHART@", page::chart_library());
    page = replaced(page, "@JS@", page::script());
    const std::string json =
        without_tags(document.dump(-1, ' ', false, Json::error_handler_t::replace));
    return replaced(page, "@DATA@", json);
}

} // namespace twtrace
