#include "sink/json_parts.h"

#include "model/timestamp.h"
#include "util/text.h"

namespace twtrace::json {

Json text(std::string_view value) {
    std::string safe;
    append_utf8(safe, value);
    return safe;
}

Json name(const std::string& value) {
    return value.empty() ? Json(nullptr) : text(value);
}

Json name(const std::optional<std::string>& value) {
    return value ? name(*value) : Json(nullptr);
}

Json time(std::uint64_t wall_ns) {
    std::string written;
    append_rfc3339(written, wall_ns);
    return written;
}

Json totals_of(const Counts& counts) {
    return {{"time_wait", counts.time_wait},
            {"fin_wait2", counts.fin_wait2},
            {"aborted", counts.aborted},
            {"passive_close", counts.passive_close},
            {"port_exhausted", counts.port_exhausted}};
}

Json accounting_of(const Accounting& accounting) {
    const bool compared = accounting.kernel.has_value();
    return {{"captured", accounting.captured},
            {"filtered", accounting.filtered},
            {"lost", accounting.lost},
            {"missed", accounting.missed},
            {"unverified", accounting.unverified},
            {"without_closer", accounting.without_closer},
            {"untracked", accounting.untracked},
            {"kernel", known(accounting.kernel)},
            {"unaccounted", compared ? Json(accounting.unaccounted) : Json(nullptr)},
            {"exact", compared ? Json(accounting.exact) : Json(nullptr)},
            {"reasons", accounting.reasons}};
}

Json ends_of(const EndsRow& ends) {
    Json ended = Json::object();
    for (const Reason reason :
         {Reason::Expired, Reason::ReusedConnect, Reason::ReusedSyn, Reason::PeerReset,
          Reason::LocalReset, Reason::Purged, Reason::Destroyed})
        ended[std::string(name_of(reason))] = ends.ended.at(static_cast<std::size_t>(reason));
    ended["lost"] = ends.ended.at(static_cast<std::size_t>(Reason::None));
    return {
        {"present", ends.present},
        {"present_fin_wait2", ends.present_fin_wait2},
        {"time_wait_start", ends.started},
        {"ended", ended},
        {"reused_by_connect_us",
         {{"p50", known(ends.connect_p50_us)}, {"p90", known(ends.connect_p90_us)}}},
        {"reused_by_syn_us", {{"p50", known(ends.syn_p50_us)}, {"p90", known(ends.syn_p90_us)}}}};
}

Json ends_of(const std::optional<EndsTotals>& ends) {
    if (!ends)
        return nullptr;
    Json all = ends_of(ends->row);
    all["unseen"] = ends->unseen;
    all["lost"] = ends->lost;
    all["untracked"] = ends->untracked;
    all["exact"] = ends->exact;
    return all;
}

} // namespace twtrace::json
