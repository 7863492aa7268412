#include "exporter/metric_table.h"

#include <array>

namespace twtrace {

namespace {

using enum Metric;
using enum MetricKind;

constexpr auto rows = std::to_array<MetricRow>({
    {TimeWaitEntered, "twtrace_time_wait_entered_total", Counter,
     "service,unit,container,pod_namespace,workload,role,how",
     "Sockets that the service brought into TIME_WAIT by closing first."},
    {PortExhausted, "twtrace_port_exhausted_total", Counter,
     "service,unit,container,pod_namespace,workload",
     "connect() calls that failed with EADDRNOTAVAIL: no local port was free, or the port or the "
     "range that the program chose was taken."},
    {PassiveClose, "twtrace_passive_close_total", Counter,
     "service,unit,container,pod_namespace,workload", "Connections that the peer closed first."},
    {AbortedClose, "twtrace_aborted_close_total", Counter,
     "service,unit,container,pod_namespace,workload",
     "Closes that ended in a reset and so without TIME_WAIT."},
    {ConnectionLifetime, "twtrace_connection_lifetime_seconds", Histogram, "service,role",
     "Age, from ESTABLISHED to the close, of connections that entered TIME_WAIT; without those "
     "opened before tracing."},
    {TimeWaitSockets, "twtrace_time_wait_sockets", Gauge, "netns",
     "Time-wait sockets that exist now in the network namespace."},
    {TimeWaitLimit, "twtrace_time_wait_limit", Gauge, "netns",
     "net.ipv4.tcp_max_tw_buckets of the network namespace."},
    {EphemeralPortUse, "twtrace_ephemeral_port_use_ratio", Gauge, "service,peer,peer_service",
     "Share of the ephemeral ports towards the peer that entries of the last 60 s by all services "
     "of the network namespace take and connect() may not take over now, from the source address "
     "with the highest share. Where the settings of the network namespace cannot be read, the "
     "kernel's defaults are assumed: 28,232 ports, and reuse on loopback only."},
    {KernelTimeWait, "twtrace_kernel_time_wait_total", Counter, "",
     "Entries into TIME_WAIT by the kernel's own counters (TcpExt TW and TWKilled)."},
    {TimeWaitOverflow, "twtrace_time_wait_overflow_total", Counter, "",
     "Closes without a time-wait socket because tcp_max_tw_buckets was reached (TcpExt "
     "TCPTimeWaitOverflow)."},
    {EventsLost, "twtrace_events_lost_total", Counter, "",
     "Entries whose details were lost because the ring buffer was full; their number is in "
     "twtrace_time_wait_entered_total."},
    {EventsMissed, "twtrace_events_missed_total", Counter, "",
     "Entries for which the kernel skipped the BPF program (recursion)."},
    {EventsUnverified, "twtrace_events_unverified_total", Counter, "",
     "Entries in network namespaces whose counters could not be read, because the namespace ended "
     "first, a capability is missing or no file descriptor is left."},
    {EventsUnaccounted, "twtrace_events_unaccounted", Gauge, "",
     "Kernel count less captured and verified, lost and missed; the smallest of the last five "
     "seconds. 0: every "
     "entry is accounted for."},
    {EventsWithoutCloser, "twtrace_events_without_closer_total", Counter, "",
     "Entries whose closer is not known, because the close began before tracing did or the socket "
     "was untracked."},
    {SocketsUntracked, "twtrace_sockets_untracked_total", Counter, "",
     "Sockets whose opening or closer the kernel side could not keep."},
    {BuildInfo, "twtrace_build_info", Gauge, "version,kernel", "Always 1."},
    {RenderSeconds, "twtrace_render_seconds", Gauge, "",
     "Time that it took to collect and write the last answer before this one."},
    {ProcessCpuSeconds, "process_cpu_seconds_total", Counter, "",
     "User and system CPU time of the exporter's processes."},
    {ProcessResidentMemory, "process_resident_memory_bytes", Gauge, "",
     "Resident memory of the exporter's processes; what they share counts once."},
    {ProcessOpenFds, "process_open_fds", Gauge, "",
     "Open file descriptors of the exporter, without its connections."},
    {ProcessMaxFds, "process_max_fds", Gauge, "", "Limit of open file descriptors."},
    {ProcessStartTime, "process_start_time_seconds", Gauge, "",
     "Start of the exporter, since 1970."},
});

} // namespace

std::span<const MetricRow> metric_table() {
    return rows;
}

std::string_view name_of(MetricKind kind) {
    switch (kind) {
    case Counter:
        return "counter";
    case Gauge:
        return "gauge";
    case Histogram:
        return "histogram";
    }
    return {};
}

} // namespace twtrace
