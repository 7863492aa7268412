#include "sink/summary_sink.h"

#include <algorithm>
#include <string_view>

#include "sink/json_parts.h"

namespace twtrace {

namespace {

using namespace json;

Json peer_of(const PeerRow& peer) {
    return {{"remote_addr", peer.remote ? Json(to_string(*peer.remote)) : Json(nullptr)},
            {"service_port", known(peer.service_port)},
            {"remote_service", name(peer.service)},
            {"remote_name", name(peer.name)},
            {"time_wait", peer.time_wait},
            {"port_use", known(peer.port_use)},
            {"port_use_reusable", known(peer.port_use_reusable)},
            {"port_use_source",
             peer.port_use_source ? Json(to_string(*peer.port_use_source)) : Json(nullptr)}};
}

Json group_of(const GroupRow& row, const Snapshot& snapshot) {
    Json group{{"by", row.is_other ? Json("other") : Json(name_of(snapshot.by))},
               {"pid", known(row.pid)},
               {"processes", known(row.processes)},
               {"comm", name(row.comm)},
               {"service", name(row.service)},
               {"unit", name(row.unit)},
               {"container", name(row.container)},
               {"program", name(row.program)},
               {"container_name", name(row.container_name)},
               {"pod", name(row.pod)},
               {"pod_namespace", name(row.pod_namespace)},
               {"workload", name(row.workload)},
               {"parent", name(row.parent)},
               {"cmdline", name(row.cmdline)},
               {"netns", known(row.netns)},
               {"netns_name", name(row.netns_name)},
               {"role", row.role ? Json(name_of(*row.role)) : Json(nullptr)},
               {"remote_addr", row.remote ? Json(to_string(*row.remote)) : Json(nullptr)},
               {"service_port", known(row.service_port)}};
    group.update(totals_of(row.counts));
    group["rate"] = row.rate;
    group["share"] = row.share;
    group["how"] = {{"close", row.how[TWTRACE_HOW_CLOSE]},
                    {"shutdown", row.how[TWTRACE_HOW_SHUTDOWN]},
                    {"exit", row.how[TWTRACE_HOW_EXIT]},
                    {"kernel", row.how[TWTRACE_HOW_KERNEL]}};
    group["lifetime_us"] = {{"p50", known(row.lifetime_p50_us)},
                            {"p90", known(row.lifetime_p90_us)},
                            {"p99", known(row.lifetime_p99_us)},
                            {"max", known(row.lifetime_max_us)}};
    if (snapshot.ends)
        group["ends"] = ends_of(row.ends ? *row.ends : EndsRow{});
    group["peers"] = Json::array();
    for (const PeerRow& peer : row.peers)
        group["peers"].push_back(peer_of(peer));
    return group;
}

// Indents the text like an element of `groups`.
void append_indented(std::string_view text, std::string& out) {
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find('\n', begin), text.size() - 1) + 1;
        out.append("    ").append(text.substr(begin, end - begin));
        begin = end;
    }
}

} // namespace

void append_summary_json(const Snapshot& snapshot, std::string& out, bool one_line) {
    Json document{
        {"schema", "twtrace.summary/1"},        {"host", name(snapshot.host)},
        {"kernel", name(snapshot.kernel)},      {"start", time(snapshot.start_wall_ns)},
        {"end", time(snapshot.end_wall_ns)},    {"duration_s", snapshot.duration_s},
        {"totals", totals_of(snapshot.totals)}, {"accounting", accounting_of(snapshot.accounting)}};
    document["ends"] = ends_of(snapshot.ends);
    document["groups"] = Json::array();
    // One group at a time: 10,000 groups in one document would take more memory than all the rest.
    const int indent = one_line ? -1 : 2;
    const std::string_view end = one_line ? "]}" : "]\n}";
    out += document.dump(indent);
    out.resize(out.size() - end.size());
    bool first = true;
    for (const GroupRow& row : snapshot.groups) {
        out += first ? "" : ",";
        out += one_line ? "" : "\n";
        first = false;
        const std::string group = group_of(row, snapshot).dump(indent);
        if (one_line)
            out += group;
        else
            append_indented(group, out);
    }
    out += first || one_line ? "" : "\n  ";
    out += end;
    out += '\n';
}

} // namespace twtrace
