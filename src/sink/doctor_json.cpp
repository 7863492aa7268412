#include <cmath>

#include "sink/doctor_sink.h"
#include "sink/json_parts.h"

namespace twtrace::doctor {

namespace {

using namespace json;

Json lines(const std::vector<std::string>& values) {
    Json all = Json::array();
    for (const std::string& value : values)
        all.push_back(text(value));
    return all;
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
            {"expected", lines(finding.expected)},
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
    Json document{
        {"schema", "twtrace.doctor/1"},     {"host", name(report.host)},
        {"kernel", name(report.kernel)},    {"start", time(report.start_wall_ns)},
        {"end", time(report.end_wall_ns)},  {"duration_s", seen.seconds},
        {"totals", totals_of(seen.totals)}, {"accounting", accounting_of(seen.accounting)}};
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
