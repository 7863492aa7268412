#include "sink/summary_fields.h"

#include <array>

#include <fmt/format.h>

namespace twtrace {

namespace {

bool put(std::string& out, std::string_view text) {
    out += text;
    return !text.empty();
}

bool number(std::string& out, std::uint64_t value) {
    fmt::format_to(std::back_inserter(out), "{}", value);
    return true;
}

template <typename Value>
bool known(std::string& out, const std::optional<Value>& value) {
    if (value)
        fmt::format_to(std::back_inserter(out), "{}", *value);
    return value.has_value();
}

bool duration(std::string& out, const std::optional<std::uint64_t>& us) {
    return us && put(out, human_us(*us));
}

const PeerRow* top_peer(const GroupRow& row) {
    return row.peers.empty() || !row.peers.front().remote ? nullptr : &row.peers.front();
}

// A group without time-waits has no list of peers, but it may have one peer: the one towards which
// the ports ran out.
bool top_peer_text(const GroupRow& row, std::string& out) {
    if (!row.peers.empty())
        return put(out, peer_text(row.peers.front()));
    return row.remote && put(out, peer_text({row.remote, row.service_port, 0, std::nullopt}));
}

// The column that names the group.
bool service_text(const GroupRow& row, const Snapshot& snapshot, std::string& out) {
    if (row.is_other)
        return put(out, "(other)");
    if (snapshot.by == GroupBy::Netns)
        return known(out, row.netns_name) || known(out, row.netns);
    return known(out, row.service);
}

const EndsRow& ends_of(const GroupRow& row) {
    static const EndsRow none;
    return row.ends ? *row.ends : none;
}

std::uint64_t ended(const GroupRow& row, Reason reason) {
    return ends_of(row).ended.at(static_cast<std::size_t>(reason));
}

std::uint64_t reused(const GroupRow& row) {
    return ended(row, Reason::ReusedConnect) + ended(row, Reason::ReusedSyn);
}

using G = const GroupRow&;
using P = const Snapshot&;
using S = std::string&;

// NOLINTBEGIN(readability-identifier-naming)
constexpr auto fields = std::to_array<GroupField>({
    {"by", "", 0, false, false,
     [](G g, P s, S out) { return put(out, g.is_other ? "other" : name_of(s.by)); }},
    {"pid", "PID", 7, true, false, [](G g, P, S out) { return known(out, g.pid); }},
    {"comm", "", 0, false, false, [](G g, P, S out) { return known(out, g.comm); }},
    {"service", "", 0, false, false, [](G g, P, S out) { return known(out, g.service); }},
    {"", "SERVICE", 20, false, false, [](G g, P s, S out) { return service_text(g, s, out); }},
    {"", "PROCS", 6, true, false, [](G g, P, S out) { return known(out, g.processes); }, false,
     true},
    {"", "STARTED BY", 16, false, false, [](G g, P, S out) { return known(out, g.parent); }, false,
     true},
    {"unit", "UNIT", 24, false, true, [](G g, P, S out) { return known(out, g.unit); }},
    {"container", "CONTAINER", 12, false, true,
     [](G g, P, S out) { return known(out, g.container); }},
    {"netns", "NETNS", 10, true, true, [](G g, P, S out) { return known(out, g.netns); }},
    {"", "PARENT", 15, false, true, [](G g, P, S out) { return known(out, g.parent); }},
    {"role", "ROLE", 6, false, false,
     [](G g, P, S out) { return g.role && put(out, name_of(*g.role)); }},
    {"remote_addr", "", 0, false, false,
     [](G g, P, S out) { return g.remote && put(out, to_string(*g.remote)); }},
    {"service_port", "", 0, true, false, [](G g, P, S out) { return known(out, g.service_port); }},
    {"time_wait", "TIME_WAIT", 9, true, false,
     [](G g, P, S out) { return number(out, g.counts.time_wait); }},
    {"fin_wait2", "FIN_WAIT2", 9, true, true,
     [](G g, P, S out) { return number(out, g.counts.fin_wait2); }},
    {"aborted", "ABORTED", 7, true, true,
     [](G g, P, S out) { return number(out, g.counts.aborted); }},
    {"passive_close", "PASSIVE", 8, true, false,
     [](G g, P, S out) { return number(out, g.counts.passive_close); }},
    {"port_exhausted", "NO-PORT", 7, true, false,
     [](G g, P, S out) { return number(out, g.counts.port_exhausted); }},
    {"rate", "", 0, true, false,
     [](G g, P, S out) { return put(out, fmt::format("{:.3f}", g.rate)); }},
    {"", "RATE/s", 8, true, false,
     [](G g, P, S out) { return put(out, fmt::format("{:.1f}", g.rate)); }},
    {"share", "", 0, true, false,
     [](G g, P, S out) { return put(out, fmt::format("{:.4f}", g.share)); }},
    {"", "SHARE", 6, true, false,
     [](G g, P, S out) { return put(out, fmt::format("{:.1f}%", g.share * 100)); }},
    {"how_close", "CLOSE", 8, true, true,
     [](G g, P, S out) { return number(out, g.how[TWTRACE_HOW_CLOSE]); }},
    {"how_shutdown", "SHUTDOWN", 8, true, true,
     [](G g, P, S out) { return number(out, g.how[TWTRACE_HOW_SHUTDOWN]); }},
    {"how_exit", "EXIT", 8, true, true,
     [](G g, P, S out) { return number(out, g.how[TWTRACE_HOW_EXIT]); }},
    {"how_kernel", "KERNEL", 8, true, true,
     [](G g, P, S out) { return number(out, g.how[TWTRACE_HOW_KERNEL]); }},
    {"lifetime_p50_us", "", 0, true, false,
     [](G g, P, S out) { return known(out, g.lifetime_p50_us); }},
    {"lifetime_p90_us", "", 0, true, false,
     [](G g, P, S out) { return known(out, g.lifetime_p90_us); }},
    {"lifetime_p99_us", "", 0, true, false,
     [](G g, P, S out) { return known(out, g.lifetime_p99_us); }},
    {"lifetime_max_us", "", 0, true, false,
     [](G g, P, S out) { return known(out, g.lifetime_max_us); }},
    {"", "LIFE-p50", 8, true, false,
     [](G g, P, S out) { return duration(out, g.lifetime_p50_us); }},
    {"", "LIFE-p99", 8, true, true, [](G g, P, S out) { return duration(out, g.lifetime_p99_us); }},
    {"top_peer_addr", "", 0, false, false,
     [](G g, P,
        S out) { return top_peer(g) != nullptr && put(out, to_string(*top_peer(g)->remote)); }},
    {"top_peer_service_port", "", 0, true, false,
     [](G g, P, S out) { return top_peer(g) != nullptr && known(out, top_peer(g)->service_port); }},
    {"top_peer_time_wait", "", 0, true, false,
     [](G g, P, S out) { return top_peer(g) != nullptr && number(out, top_peer(g)->time_wait); }},
    {"parent", "", 0, false, false, [](G g, P, S out) { return known(out, g.parent); }},
    {"cmdline", "", 0, false, false, [](G g, P, S out) { return known(out, g.cmdline); }},
    {"netns_name", "", 0, false, false, [](G g, P, S out) { return known(out, g.netns_name); }},
    {"program", "", 0, false, false, [](G g, P, S out) { return known(out, g.program); }},
    {"container_name", "", 0, false, false,
     [](G g, P, S out) { return known(out, g.container_name); }},
    {"pod", "", 0, false, false, [](G g, P, S out) { return known(out, g.pod); }},
    {"pod_namespace", "", 0, false, false,
     [](G g, P, S out) { return known(out, g.pod_namespace); }},
    {"workload", "", 0, false, false, [](G g, P, S out) { return known(out, g.workload); }},
    {"top_peer_service", "", 0, false, false,
     [](G g, P, S out) { return top_peer(g) != nullptr && put(out, top_peer(g)->service); }},
    {"top_peer_name", "", 0, false, false,
     [](G g, P, S out) { return top_peer(g) != nullptr && put(out, top_peer(g)->name); }},
    {"processes", "", 0, true, false, [](G g, P, S out) { return known(out, g.processes); }},
    {"present", "PRESENT", 8, true, false,
     [](G g, P, S out) { return number(out, ends_of(g).present); }, true},
    {"present_fin_wait2", "NOW-FW2", 8, true, true,
     [](G g, P, S out) { return number(out, ends_of(g).present_fin_wait2); }, true},
    {"", "REUSED", 7, true, false, [](G g, P, S out) { return number(out, reused(g)); }, true},
    {"time_wait_start", "GOT-FIN", 8, true, true,
     [](G g, P, S out) { return number(out, ends_of(g).started); }, true},
    {"ended_expired", "EXPIRED", 8, true, true,
     [](G g, P, S out) { return number(out, ended(g, Reason::Expired)); }, true},
    {"ended_reused_by_connect", "CONNECT", 8, true, true,
     [](G g, P, S out) { return number(out, ended(g, Reason::ReusedConnect)); }, true},
    {"ended_reused_by_syn", "NEW-SYN", 8, true, true,
     [](G g, P, S out) { return number(out, ended(g, Reason::ReusedSyn)); }, true},
    {"ended_peer_reset", "RST", 6, true, true,
     [](G g, P, S out) { return number(out, ended(g, Reason::PeerReset)); }, true},
    {"ended_local_reset", "SENT-RST", 8, true, true,
     [](G g, P, S out) { return number(out, ended(g, Reason::LocalReset)); }, true},
    {"ended_purged", "PURGED", 8, true, true,
     [](G g, P, S out) { return number(out, ended(g, Reason::Purged)); }, true},
    {"ended_destroyed", "KILLED", 8, true, true,
     [](G g, P, S out) { return number(out, ended(g, Reason::Destroyed)); }, true},
    {"ended_lost", "", 0, true, true,
     [](G g, P, S out) { return number(out, ended(g, Reason::None)); }, true},
    {"connect_p50_us", "", 0, true, false,
     [](G g, P, S out) { return known(out, ends_of(g).connect_p50_us); }, true},
    {"", "AFTER", 7, true, false,
     [](G g, P, S out) { return duration(out, ends_of(g).connect_p50_us); }, true},
    {"", "CMDLINE", 40, false, true, [](G g, P, S out) { return known(out, g.cmdline); }},
    {"", "TOP PEER", 0, false, false, [](G g, P, S out) { return top_peer_text(g, out); }},
});
// NOLINTEND(readability-identifier-naming)

} // namespace

std::span<const GroupField> group_fields() {
    return fields;
}

std::string human_us(std::uint64_t us) {
    const auto value = static_cast<double>(us);
    if (us < 1000)
        return fmt::format("{}us", us);
    if (us < 1'000'000)
        return fmt::format("{:.1f}ms", value / 1e3);
    if (us < 3'600'000'000)
        return fmt::format("{:.1f}s", value / 1e6);
    return fmt::format("{:.1f}h", value / 3.6e9);
}

std::string peer_text(const PeerRow& peer) {
    if (!peer.remote)
        return fmt::format("({} on other peers)", peer.time_wait);
    const bool bare = peer.remote->family == 6 && peer.name.empty() && peer.service_port;
    std::string text = peer.name.empty() ? to_string(*peer.remote) : peer.name;
    if (bare)
        text = "[" + text + "]";
    if (peer.service_port)
        text += fmt::format(":{}", *peer.service_port);
    if (!peer.service.empty())
        text += fmt::format(" ({})", peer.service);
    return text;
}

} // namespace twtrace
