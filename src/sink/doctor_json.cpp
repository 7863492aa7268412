#include <cmath>

#include <nlohmann/json.hpp>

#include "model/timestamp.h"
#include "sink/doctor_sink.h"
#include "util/text.h"

namespace twtrace::doctor {

namespace {

using Json = nlohmann::ordered_json;

template <typename Value>
Json known(const std::optional<Value>& value) {
    return value ? Json(*value) : Json(nullptr);
}

// Names come from outside, and the library refuses bytes that are not UTF-8.
Json text(std::string_view value) {
    std::string safe;
    append_utf8(safe, value);
    return safe;
}

Json name(const std::string& value) {
    return value.empty() ? Json(nullptr) : text(value);
}

Json lines(const std::vector<std::string>& values) {
    Json all = Json::array();
    for (const std::string& value : values)
        all.push_back(text(value));
    return all;
}

Json time(std::uint64_t wall_ns) {
    std::string written;
    append_rfc3339(written, wall_ns);
    return written;
}

Json accounting_of(const Accounting& accounting) {
    const bool compared = accounting.kernel.has_value();
    return {{"captured", accounting.captured},
            {"filtered", accounting.filtered},
            {"lost", accounting.lost},
            {"missed", accounting.missed},
            {"kernel", known(accounting.kernel)},
            {"unaccounted", compared ? Json(accounting.unaccounted) : Json(nullptr)},
            {"exact", compared ? Json(accounting.exact) : Json(nullptr)},
            {"reasons", accounting.reasons}};
}

Json finding_of(const Finding& finding) {
    Json numbers = Json::object();
    for (const auto& [key, value] : finding.numbers)
        numbers[std::string(key)] =
            value == std::floor(value) ? Json(static_cast<std::int64_t>(value)) : Json(value);
    return {{"id", finding.id},
            {"severity", name_of(finding.severity)},
            {"title", text(finding.title)},
            {"evidence", lines(finding.evidence)},
            {"meaning", text(finding.meaning)},
            {"fix", lines(finding.fix)},
            {"netns", known(finding.netns)},
            {"service", name(finding.service)},
            {"pid", known(finding.pid)},
            {"remote_addr", finding.remote ? Json(to_string(*finding.remote)) : Json(nullptr)},
            {"service_port", known(finding.service_port)},
            {"numbers", numbers}};
}

Json port_use_of(const PortUse& use) {
    return {{"local_addr", to_string(use.local)},
            {"remote_addr", to_string(use.remote)},
            {"remote_port", use.port},
            {"time_wait", use.time_wait},
            {"open", use.open},
            {"reusable", use.reusable}};
}

Json namespace_of(std::uint32_t netns, const NamespaceFacts& facts) {
    Json one{{"netns", netns}, {"name", text(facts.name)}};
    one["time_wait_sockets"] = facts.counts ? Json(facts.counts->time_wait) : Json(nullptr);
    const NetSettings* settings = facts.settings ? &*facts.settings : nullptr;
    one["usable_ports"] = settings != nullptr ? Json(settings->usable_ports()) : Json(nullptr);
    one["tcp_tw_reuse"] = settings != nullptr ? known(settings->tw_reuse) : Json(nullptr);
    one["tcp_max_tw_buckets"] =
        settings != nullptr ? known(settings->max_tw_buckets) : Json(nullptr);
    one["ports_counted"] = facts.ports_counted;
    one["destinations"] = facts.ports_counted ? Json(facts.destinations) : Json(nullptr);
    one["ports"] = Json::array();
    for (const PortUse& use : facts.ports)
        one["ports"].push_back(port_use_of(use));
    return one;
}

} // namespace

void append_doctor_json(const DoctorReport& report, std::string& out) {
    const Observations& seen = report.seen;
    Json document{{"schema", "twtrace.doctor/1"},
                  {"host", name(report.host)},
                  {"kernel", name(report.kernel)},
                  {"start", time(report.start_wall_ns)},
                  {"end", time(report.end_wall_ns)},
                  {"duration_s", seen.seconds},
                  {"totals",
                   {{"time_wait", seen.totals.time_wait},
                    {"fin_wait2", seen.totals.fin_wait2},
                    {"aborted", seen.totals.aborted},
                    {"passive_close", seen.totals.passive_close},
                    {"port_exhausted", seen.totals.port_exhausted}}},
                  {"accounting", accounting_of(seen.accounting)}};
    document["findings"] = Json::array();
    for (const Finding& finding : report.findings)
        document["findings"].push_back(finding_of(finding));
    document["namespaces"] = Json::array();
    for (const auto& [netns, facts] : seen.namespaces)
        document["namespaces"].push_back(namespace_of(netns, facts));
    document["notes"] = lines(report.notes);
    document["events_beyond_limits"] = seen.beyond;
    out += document.dump(2);
    out += '\n';
}

} // namespace twtrace::doctor
