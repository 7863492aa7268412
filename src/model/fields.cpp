#include "model/fields.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "model/timestamp.h"
#include "util/digits.h"

namespace twtrace {

namespace {

constexpr std::string_view unknown;

std::string_view number(TextBuffer& buffer, std::uint64_t value) {
    return {buffer.data(), format_decimal(value, buffer.data())};
}

std::string_view number(TextBuffer& buffer, std::optional<std::uint64_t> value) {
    return value ? number(buffer, *value) : unknown;
}

std::string_view number_unless_zero(TextBuffer& buffer, std::uint64_t value) {
    return value != 0 ? number(buffer, value) : unknown;
}

std::string_view address(TextBuffer& buffer, const Address& value) {
    return value.family != 0 ? std::string_view{buffer.data(), format_address(value, buffer.data())}
                             : unknown;
}

std::string_view seconds(TextBuffer& buffer, std::uint64_t ms) {
    char* end = format_decimal(ms / 1000, buffer.data());
    *end++ = '.';
    end = format_decimal(ms % 1000 / 100, end);
    *end++ = 's';
    return {buffer.data(), end};
}

std::string_view joined(TextBuffer& buffer, std::string_view text, std::string_view mark) {
    if (text.empty())
        return unknown;
    const std::size_t length = std::min(text.size(), buffer.size() - mark.size());
    char* end = std::copy_n(text.begin(), length, buffer.data());
    return {buffer.data(), std::copy(mark.begin(), mark.end(), end)};
}

// "10.0.0.5", "db.example (redis)": the name instead of the address if there is one.
std::string_view peer_text(TextBuffer& buffer, const Event& event) {
    std::string_view text =
        event.remote_name.empty() ? address(buffer, event.remote) : event.remote_name;
    if (text.empty() || (event.remote_name.empty() && event.remote_service.empty()))
        return text;
    constexpr std::size_t marks = 3; // blank, parentheses
    const std::size_t length = std::min(text.size(), buffer.size() / 2);
    const std::string_view service = event.remote_service.substr(0, buffer.size() / 2 - marks);
    std::memmove(buffer.data(), text.data(), length); // the text may be there already
    char* end = buffer.data() + length;
    if (!service.empty()) {
        *end++ = ' ';
        *end++ = '(';
        end = std::copy(service.begin(), service.end(), end);
        *end++ = ')';
    }
    return {buffer.data(), end};
}

std::string_view service_of(const Event& event) {
    return event.owner != nullptr && !event.owner->service.empty()
               ? std::string_view(event.owner->service)
               : event.task.comm();
}

// One word for how a minisock ended.
std::string_view end_word(Reason reason) {
    switch (reason) {
    case Reason::PeerReset:
        return "RST";
    case Reason::LocalReset:
        return "sent-RST";
    case Reason::ReusedConnect:
        return "reused";
    case Reason::ReusedSyn:
        return "new-SYN";
    case Reason::Expired:
        return "expired";
    case Reason::Purged:
        return "purged";
    case Reason::Destroyed:
        return "killed";
    case Reason::PortTaken: // not a reason of a minisock
    case Reason::OwnRange:
    case Reason::None:
    case Reason::Timeout:
    case Reason::Overflow:
    case Reason::Other:
        break;
    }
    return "lost";
}

// One word for the narrow table: how the socket was closed, or another event.
std::string_view close_word(const Event& event) {
    switch (event.type) {
    case EventType::PassiveClose:
        return "passive";
    case EventType::Aborted:
        return "aborted";
    case EventType::PortExhausted:
        return "NO-PORT";
    case EventType::TimeWaitStart:
        return "got-FIN";
    case EventType::TimeWaitEnd:
        return end_word(event.reason);
    case EventType::TimeWait:
        break;
    }
    return name_of(event.how);
}

std::string_view owner_text(const Event& event, std::string Owner::*member) {
    return event.owner != nullptr ? std::string_view(event.owner->*member) : std::string_view{};
}

using E = const Event&;
using R = TextBuffer&;

// NOLINTBEGIN(readability-identifier-naming)
constexpr auto event_fields = std::to_array<Field<Event>>({
    {"type", "TYPE",
     "time_wait, passive_close, aborted, port_exhausted, time_wait_start or time_wait_end",
     FieldKind::Text, 14, false, true, [](E e, R) { return name_of(e.type); }},
    {"time", "TIME", "time, UTC", FieldKind::Text, 30, false, true,
     [](E e, R buffer) {
         return std::string_view{buffer.data(), format_rfc3339(e.wall_ns, buffer.data())};
     }},
    {"", "TIME", "time, local", FieldKind::Text, 8, true, false,
     [](E e, R buffer) {
         return std::string_view{buffer.data(), format_local_time(e.wall_ns, buffer.data())};
     }},
    {"stage", "STAGE",
     "substate in which the minisock began, or was until then: time_wait or fin_wait2",
     FieldKind::Text, 9, false, true,
     [](E e, R) {
         return e.type == EventType::TimeWait || e.of_minisock() ? name_of(e.stage) : unknown;
     }},
    {"how", "HOW", "close, shutdown, exit (the process was dying) or kernel", FieldKind::Text, 8,
     false, true, [](E e, R) { return name_of(e.how); }},
    {"role", "ROLE", "client (it connected) or server (it accepted)", FieldKind::Text, 6, false,
     true, [](E e, R) { return name_of(e.role); }},
    {"role_inferred", "INF", "the role was not seen but inferred", FieldKind::Flag, 5, false, true,
     [](E e, R) { return e.role_inferred ? std::string_view("true") : std::string_view("false"); }},
    {"pid", "PID", "process that closed", FieldKind::Number, 7, true, true,
     [](E e, R buffer) { return number_unless_zero(buffer, e.task.pid); }},
    {"tid", "TID", "thread that closed", FieldKind::Number, 7, false, true,
     [](E e, R buffer) { return number_unless_zero(buffer, e.task.tid); }},
    {"comm", "COMM", "name of the thread that closed", FieldKind::Text, 15, false, true,
     [](E e, R) { return e.task.comm(); }},
    {"uid", "UID", "user of the process that closed", FieldKind::Number, 5, false, true,
     [](E e, R buffer) {
         return e.task.known() ? number(buffer, std::uint64_t{e.task.uid}) : unknown;
     }},
    {"service", "SERVICE",
     "the best short name: systemd unit, else workload or container, else process", FieldKind::Text,
     14, true, true, [](E e, R) { return service_of(e); }},
    {"unit", "UNIT", "systemd unit", FieldKind::Text, 20, false, true,
     [](E e, R) { return owner_text(e, &Owner::unit); }},
    {"container", "CONTAINER", "container id, 12 digits", FieldKind::Text, 12, false, true,
     [](E e, R) { return owner_text(e, &Owner::container); }},
    {"cgroup", "CGROUP", "control group path", FieldKind::Text, 32, false, true,
     [](E e, R) { return owner_text(e, &Owner::cgroup); }},
    {"netns", "NETNS", "inode of the network namespace", FieldKind::Number, 10, false, true,
     [](E e, R buffer) { return number_unless_zero(buffer, e.netns); }},
    {"", "ROLE", "client or server; ? after it: inferred", FieldKind::Text, 7, true, false,
     [](E e, R buffer) { return joined(buffer, name_of(e.role), e.role_inferred ? "?" : ""); }},
    {"", "CLOSE", "how it was closed, or which other event it was", FieldKind::Text, 8,
     true, false, [](E e, R) { return close_word(e); }},
    {"", "HELD", "how long the minisock had existed", FieldKind::Number, 7, true, false,
     [](E e, R buffer) {
         const auto us = e.held_us();
         return us ? seconds(buffer, *us / 1000) : unknown;
     },
     true},
    {"family", "F", "4 or 6", FieldKind::Number, 1, false, true,
     [](E e, R buffer) { return number_unless_zero(buffer, e.local.family); }},
    {"local_addr", "LADDR", "address of the side that closed", FieldKind::Text, 39, false, true,
     [](E e, R buffer) { return address(buffer, e.local); }},
    {"local_port", "LPORT", "port of the side that closed", FieldKind::Number, 5, true, true,
     [](E e, R buffer) { return number_unless_zero(buffer, e.local_port); }},
    {"remote_addr", "RADDR", "address of the remote peer", FieldKind::Text, 39, false, true,
     [](E e, R buffer) { return address(buffer, e.remote); }},
    {"remote_port", "RPORT", "port of the remote peer", FieldKind::Number, 5, true, true,
     [](E e, R buffer) { return number_unless_zero(buffer, e.remote_port); }},
    {"lifetime_us", "LIFE(us)", "ESTABLISHED to FIN_WAIT1", FieldKind::Number, 10, false, true,
     [](E e, R buffer) { return number(buffer, e.lifetime_us()); }},
    {"close_us", "CLOSE(us)", "FIN_WAIT1 to the entry into TIME_WAIT", FieldKind::Number, 9, false, true,
     [](E e, R buffer) { return number(buffer, e.close_us()); }},
    {"bytes_sent", "SENT", "payload bytes sent", FieldKind::Number, 8,
     false, true,
     [](E e, R buffer) { return e.of_minisock() ? unknown : number(buffer, e.bytes_sent); }},
    {"bytes_received", "RECEIVED", "payload bytes received", FieldKind::Number, 8, false, true,
     [](E e, R buffer) { return e.of_minisock() ? unknown : number(buffer, e.bytes_received); }},
    {"reason", "REASON",
     "why it was aborted: peer_reset, local_reset, timeout, overflow (tcp_max_tw_buckets) or "
     "other; how the minisock ended; or why there was no port: port_taken (bind() had chosen it) or "
     "own_range (IP_LOCAL_PORT_RANGE)",
     FieldKind::Text, 11, false, true, [](E e, R) { return name_of(e.reason); }},
    {"timestamps", "TS", "TCP timestamps were negotiated: tcp_tw_reuse can take this socket over",
     FieldKind::Flag, 5, false, true,
     [](E e, R) {
         if (!e.timestamps)
             return unknown;
         return *e.timestamps ? std::string_view("true") : std::string_view("false");
     }},
    {"netns_name", "NETNS-NAME", "name of the network namespace, as ip netns shows it",
     FieldKind::Text, 12, false, true, [](E e, R) { return e.netns_name; }},
    {"ppid", "PPID", "parent of the process that closed", FieldKind::Number, 7, false, true,
     [](E e, R buffer) { return number_unless_zero(buffer, e.task.parent_pid); }},
    {"parent", "PARENT", "name of the parent process", FieldKind::Text, 15, false, true,
     [](E e, R) { return owner_text(e, &Owner::parent); }},
    {"cmdline", "CMDLINE", "arguments of the process, with --cmdline only", FieldKind::Text, 40,
     false, true, [](E e, R) { return owner_text(e, &Owner::cmdline); }},
    {"program", "PROGRAM", "executable, or an interpreter and its script; no other arguments",
     FieldKind::Text, 24, false, true, [](E e, R) { return owner_text(e, &Owner::program); }},
    {"container_name", "CONTAINER-NAME", "the container's name; of a pod: its name in the pod",
     FieldKind::Text, 16, false, true,
     [](E e, R) { return owner_text(e, &Owner::container_name); }},
    {"pod", "POD", "Kubernetes pod", FieldKind::Text, 24, false, true,
     [](E e, R) { return owner_text(e, &Owner::pod); }},
    {"pod_namespace", "POD-NAMESPACE", "its namespace", FieldKind::Text, 13, false, true,
     [](E e, R) { return owner_text(e, &Owner::pod_namespace); }},
    {"workload", "WORKLOAD",
     "the pod's name without generated suffixes; of compose, project and service", FieldKind::Text, 16,
     false, true, [](E e, R) { return owner_text(e, &Owner::workload); }},
    {"remote_service", "REMOTE-SERVICE", "service of the remote peer, if it is on this host",
     FieldKind::Text, 16, false, true, [](E e, R) { return e.remote_service; }},
    {"remote_name", "REMOTE-NAME", "name of the remote address, with --resolve only",
     FieldKind::Text, 20, false, true, [](E e, R) { return e.remote_name; }},
    {"held_us", "HELD(us)", "how long the minisock had existed", FieldKind::Number, 10, false, true,
     [](E e, R buffer) { return number(buffer, e.held_us()); }, true},
    {"", "REMOTE", "the remote peer, and its service if it is on this host", FieldKind::Text, 0,
     true, false, [](E e, R buffer) { return peer_text(buffer, e); }},
});
// NOLINTEND(readability-identifier-naming)

// A key as a template argument.
template <std::size_t size>
struct Key {
    std::array<char, size> bytes{};
    // NOLINTNEXTLINE(google-explicit-constructor): a template argument is converted
    constexpr Key(const char (&text)[size]) { std::copy_n(text, size, bytes.begin()); }
    [[nodiscard]] constexpr std::string_view text() const { return {bytes.data(), size - 1}; }
};

// Index by key; columns of the narrow table that have no key by their title.
constexpr std::size_t index_of(std::string_view name) {
    std::size_t index = 0;
    while (event_fields[index].key != name && // an unknown name does not compile
           !(event_fields[index].key.empty() && event_fields[index].title == name))
        ++index;
    return index;
}

// The same field of a socket, which contains an event.
template <Key name>
constexpr Field<TimeWaitSocket> same() {
    constexpr std::size_t index = index_of(name.text());
    constexpr Field<Event> field = event_fields[index];
    return {field.key,
            field.title,
            field.help,
            field.kind,
            field.width,
            field.narrow,
            field.wide,
            [](const TimeWaitSocket& socket, TextBuffer& buffer) {
                return event_fields[index].text(socket.event, buffer);
            }};
}

constexpr Field<TimeWaitSocket> not_narrow(Field<TimeWaitSocket> field) {
    field.narrow = false;
    return field;
}

using T = const TimeWaitSocket&;

constexpr int service_width = 15;

// A name that fills its column would hide the mark of an inferred owner.
std::string_view marked(TextBuffer& buffer, std::string_view service, bool inferred) {
    if (!inferred)
        return service;
    const bool fits = service.size() < service_width;
    return joined(buffer, service.substr(0, fits ? service.size() : service_width - 2),
                  fits ? "?" : "+?");
}

// NOLINTBEGIN(readability-identifier-naming)
constexpr auto socket_fields = std::to_array<Field<TimeWaitSocket>>({
    {"type", "TYPE", "socket", FieldKind::Text, 6, false, false,
     [](T, R) { return std::string_view("socket"); }},
    {"state", "STATE", "substate of the minisock now: time_wait or fin_wait2", FieldKind::Text, 9,
     true, true, [](T t, R) { return name_of(t.event.stage); }},
    {"remaining_ms", "LEFT(ms)", "remaining life", FieldKind::Number, 8, false, true,
     [](T t, R buffer) { return number(buffer, std::uint64_t{t.remaining_ms}); }},
    {"", "LEFT", "remaining life", FieldKind::Number, 6, true, false,
     [](T t, R buffer) { return seconds(buffer, t.remaining_ms); }},
    same<"role">(),
    same<"role_inferred">(),
    {"owner", "OWNER", "seen (a running twtrace saw it close) or inferred (it listens on the port)",
     FieldKind::Text, 8, false, true, [](T t, R) { return name_of(t.owner_source); }},
    same<"pid">(),
    same<"comm">(),
    not_narrow(same<"service">()),
    {"", "SERVICE", "the best short name; ? after it: inferred", FieldKind::Text, service_width,
     true, false,
     [](T t, R buffer) {
         return marked(buffer, service_of(t.event), t.owner_source == OwnerSource::Inferred);
     }},
    same<"ROLE">(),
    same<"unit">(),
    same<"container">(),
    same<"cgroup">(),
    same<"netns">(),
    same<"family">(),
    same<"local_addr">(),
    same<"local_port">(),
    same<"remote_addr">(),
    same<"remote_port">(),
    same<"container_name">(),
    same<"pod">(),
    same<"pod_namespace">(),
    same<"workload">(),
    same<"remote_service">(),
    same<"REMOTE">(),
});
// NOLINTEND(readability-identifier-naming)

} // namespace

template <>
std::span<const Field<Event>> fields_of<Event>() {
    return event_fields;
}

template <>
std::span<const Field<TimeWaitSocket>> fields_of<TimeWaitSocket>() {
    return socket_fields;
}

} // namespace twtrace
