#include "sink/diff_sink.h"
#include "sink/json_parts.h"

namespace twtrace {

namespace {

using namespace json;

Json values_of(const std::optional<DiffRow::Values>& values) {
    if (!values)
        return nullptr;
    return {{"time_wait", values->counts.time_wait},
            {"rate", values->rate},
            {"port_exhausted", values->counts.port_exhausted},
            {"passive_close", values->counts.passive_close},
            {"aborted", values->counts.aborted},
            {"port_use", known(values->port_use)},
            {"lifetime_below_us", known(values->lifetime_below_us)}};
}

Json side_of(const DiffSide& side) {
    return {{"recording", text(side.name)},
            {"host", text(side.host)},
            {"start", time(side.start_wall_ns)},
            {"end", time(side.end_wall_ns)},
            {"duration_s", side.seconds},
            {"time_wait", side.totals().time_wait},
            {"port_exhausted", side.totals().port_exhausted},
            {"exact", side.accounting.exact}};
}

Json findings_of(const std::vector<const doctor::Finding*>& findings) {
    Json all = Json::array();
    for (const doctor::Finding* finding : findings)
        all.push_back({{"id", finding->id},
                       {"severity", name_of(finding->severity)},
                       {"title", text(finding->title)},
                       {"service", name(finding->service)}});
    return all;
}

} // namespace

void append_diff_json(const Diff& diff, std::string& out) {
    Json rows = Json::array();
    for (const DiffRow& row : diff.rows)
        rows.push_back({{"service", name(row.key.service)},
                        {"role", name(std::string(name_of(row.key.role)))},
                        {"remote_addr", row.key.remote.family != 0 ? Json(to_string(row.key.remote))
                                                                   : Json(nullptr)},
                        {"service_port", row.key.port != 0 ? Json(row.key.port) : Json(nullptr)},
                        {"remote_service", name(row.remote_service)},
                        {"before", values_of(row.before)},
                        {"after", values_of(row.after)}});
    const Json document{{"schema", "twtrace.diff/1"},
                        {"before", side_of(*diff.before)},
                        {"after", side_of(*diff.after)},
                        {"rows", rows},
                        {"findings",
                         {{"gone", findings_of(diff.gone)},
                          {"new", findings_of(diff.appeared)},
                          {"still", findings_of(diff.still)}}}};
    out += document.dump(2) + '\n';
}

} // namespace twtrace
