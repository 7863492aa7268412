#include "report/report.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "report/bounds.h"
#include "report/page.h"
#include "util/version_number.h"

namespace twtrace {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t services_shown = 7;
constexpr std::size_t findings_shown = 50;
constexpr std::size_t predictions_shown = 20;
constexpr std::size_t namespaces_shown = 100;

Json lines_of(const Series& series, std::size_t limit, double duration_s, double factor) {
    Json lines = Json::array();
    for (const Series::Line& line : series.lines(limit, duration_s, Series::point_s(duration_s))) {
        Json values = Json::array();
        for (const auto& value : line.values)
            values.push_back(value ? Json(std::round(*value * factor * 100) / 100) : Json(nullptr));
        lines.push_back({{"name", line.name}, {"values", std::move(values)}});
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

Json held_of(const std::vector<std::vector<Marks::Span>>& findings) {
    Json all = Json::array();
    for (const auto& spans : findings) {
        Json one = Json::array();
        for (const Marks::Span& span : spans)
            one.push_back({std::round(span.from_s), std::round(span.to_s)});
        all.push_back(std::move(one));
    }
    return all;
}

Json document_of(const ReportData& data) {
    Json summary = Json::parse(data.summary_json);
    Json doctor = Json::parse(data.doctor_json);
    Json whatif = Json::parse(data.whatif_json);
    Json left_out = bounded_summary(summary);
    left_out["findings"] = keep_first(doctor, "findings", findings_shown);
    left_out["predictions"] = keep_first(whatif, "predictions", predictions_shown);
    left_out["namespaces"] = keep_first(doctor, "namespaces", namespaces_shown);
    if (doctor.contains("namespaces"))
        for (Json& one : doctor["namespaces"])
            one.erase("ports");
    Json document{{"version", TWTRACE_RELEASE},
                  {"series",
                   {{"seconds", seconds_of(data.duration_s)},
                    {"closes", lines_of(data.closes, services_shown, data.duration_s, 1)},
                    {"ports", lines_of(data.ports, services_shown, data.duration_s, 100)},
                    {"present", lines_of(data.present, services_shown, data.duration_s, 1)},
                    {"limits", lines_of(data.limits, services_shown, data.duration_s, 1)}}},
                  {"lifetimes", lifetimes_of(data.lifetimes)},
                  {"summary", std::move(summary)},
                  {"doctor", std::move(doctor)},
                  {"held", held_of(data.held)},
                  {"whatif", std::move(whatif)},
                  {"accounting", data.accounting},
                  {"left_out", std::move(left_out)}};
    cut_texts(document);
    return document;
}

} // namespace

std::string without_tags(const std::string& json) {
    return replaced(json, "<", "\\u003c");
}

std::string report_html(const ReportData& data, const std::string& nonce) {
    // The data is inserted last, so that no placeholder in it is replaced.
    std::string page = replaced(page::html(), "@NONCE@", nonce);
    page = replaced(page, "@CSS@", page::css());
    page = replaced(page, "@CHART@", page::chart_library());
    page = replaced(page, "@CHARTS@", page::charts());
    page = replaced(page, "@JS@", page::script());
    const std::string json =
        without_tags(document_of(data).dump(-1, ' ', false, Json::error_handler_t::replace));
    return replaced(page, "@DATA@", json);
}

} // namespace twtrace
