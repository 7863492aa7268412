#include <algorithm>
#include <cmath>

#include "doctor/destination.h"
#include "doctor/out_of_sight.h"
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
            {"gain", finding.gain},
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

Json leftovers_of(const Leftovers& left) {
    Json services = Json::object();
    // nlohmann-json 3.11.3 takes no Json for a key.
    for (const auto& [service, sockets] : left.by_service)
        services[text(service).get<std::string>()] = sockets;
    return {
        {"sockets", left.sockets},
        {"last_ends_in_s", left.sockets > 0 ? Json(left.last_ends_in_ms / 1000.0) : Json(nullptr)},
        {"services", services}};
}

Json conntrack_of(const NamespaceFacts& facts) {
    if (!facts.conntrack || !facts.conntrack->entries)
        return nullptr;
    return {{"entries", *facts.conntrack->entries},
            {"max", known(facts.conntrack->max_entries)},
            {"forwards", facts.conntrack->forwards},
            {"insert_failed", facts.conntrack_failed},
            {"dropped", facts.conntrack_dropped}};
}

// The use, including what is known of its connections' timestamps.
const PortUse& judged(const PortUse& use, std::uint32_t netns,
                      const std::vector<Destination>& all) {
    const auto found = std::find_if(all.begin(), all.end(), [&](const Destination& to) {
        return to.netns == netns && to.use.port == use.port && to.use.remote == use.remote &&
               to.use.local == use.local;
    });
    return found == all.end() ? use : found->use;
}

std::uint32_t distinct_ports_of(const NamespaceFacts& facts) {
    return facts.addresses.empty() ? 0 : facts.addresses.front().distinct;
}

Json namespace_of(std::uint32_t netns, const NamespaceFacts& facts, std::uint32_t bound_seen,
                  const std::vector<Destination>& all) {
    Json one{{"netns", netns}, {"name", text(facts.name)}};
    one["time_wait_sockets"] = facts.counts ? Json(facts.counts->time_wait) : Json(nullptr);
    const NetSettings* settings = facts.settings ? &*facts.settings : nullptr;
    one["usable_ports"] = settings != nullptr ? Json(settings->usable_ports()) : Json(nullptr);
    one["tcp_tw_reuse"] = settings != nullptr ? known(settings->tw_reuse) : Json(nullptr);
    one["tcp_max_tw_buckets"] =
        settings != nullptr ? known(settings->max_tw_buckets) : Json(nullptr);
    one["tcp_timestamps"] = settings != nullptr ? known(settings->timestamps) : Json(nullptr);
    one["tcp_fin_timeout"] = settings != nullptr ? known(settings->fin_timeout_s) : Json(nullptr);
    one["ip_local_port_range"] = settings != nullptr && settings->ephemeral.size() > 0
                                     ? Json{settings->ephemeral.first, settings->ephemeral.last}
                                     : Json(nullptr);
    one["conntrack"] = conntrack_of(facts);
    one["ports_counted"] = facts.ports_counted;
    one["destinations"] = facts.ports_counted ? Json(facts.destinations) : Json(nullptr);
    one["distinct_ports"] = facts.ports_counted ? Json(distinct_ports_of(facts)) : Json(nullptr);
    one["bound_ports_seen"] = bound_seen;
    one["ports"] = Json::array();
    for (const PortUse& use : facts.ports)
        one["ports"].push_back(port_use_of(judged(use, netns, all)));
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
    const std::vector<Destination> all = destinations(seen);
    for (const auto& [netns, facts] : seen.namespaces)
        document["namespaces"].push_back(
            namespace_of(netns, facts, seen.bound_ports_of(netns), all));
    document["time_wait_from_before"] =
        seen.leftovers ? leftovers_of(*seen.leftovers) : Json(nullptr);
    document["out_of_sight"] = lines(out_of_sight(seen));
    document["notes"] = lines(report.notes);
    document["events_beyond_limits"] = seen.beyond;
    out += document.dump(2);
    out += '\n';
}

} // namespace twtrace::doctor
