#include "model/fields.h"

#include <array>

#include "model/timestamp.h"
#include "util/digits.h"

namespace twtrace {

namespace {

bool number(std::string& out, std::uint64_t value) {
    std::array<char, 20> text{};
    out.append(text.data(), format_decimal(value, text.data()));
    return true;
}

bool number(std::string& out, std::optional<std::uint64_t> value) {
    return value && number(out, *value);
}

bool text(std::string& out, std::string_view value) {
    out += value;
    return !value.empty();
}

bool address(std::string& out, const Address& value) {
    if (value.family == 0)
        return false;
    std::array<char, 40> buffer{};
    out.append(buffer.data(), format_address(value, buffer.data()));
    return true;
}

bool port(std::string& out, std::uint16_t value) {
    return value != 0 && number(out, std::uint64_t{value});
}

std::string_view service_of(const Event& event) {
    return event.owner != nullptr && !event.owner->service.empty()
               ? std::string_view(event.owner->service)
               : event.task.comm();
}

// One word for the narrow table: how it was closed, or what it was instead of a time-wait.
std::string_view close_word(const Event& event) {
    switch (event.type) {
    case EventType::PassiveClose:
        return "passive";
    case EventType::Aborted:
        return "aborted";
    case EventType::PortExhausted:
        return "NO-PORT";
    case EventType::TimeWait:
        break;
    }
    return name_of(event.how);
}

std::string_view owner_text(const Event& event, std::string Owner::*member) {
    return event.owner != nullptr ? std::string_view(event.owner->*member) : std::string_view{};
}

using E = const Event&;
using S = std::string&;

// NOLINTBEGIN(readability-identifier-naming)
constexpr auto fields = std::to_array<Field>({
    {"type", "TYPE", "time_wait, passive_close, aborted or port_exhausted", FieldKind::Text, 14,
     false, true, [](E e, S out) { return text(out, name_of(e.type)); }},
    {"time", "TIME", "when, UTC", FieldKind::Text, 30, false, true,
     [](E e, S out) {
         append_rfc3339(out, e.wall_ns);
         return true;
     }},
    {"", "TIME", "when, local time", FieldKind::Text, 8, true, false,
     [](E e, S out) {
         append_local_time(out, e.wall_ns);
         return true;
     }},
    {"stage", "STAGE", "substate in which the minisock began: time_wait or fin_wait2",
     FieldKind::Text, 9, false, true, [](E e, S out) { return text(out, name_of(e.stage)); }},
    {"how", "HOW", "close, shutdown, exit (the process was dying) or kernel", FieldKind::Text, 8,
     false, true, [](E e, S out) { return text(out, name_of(e.how)); }},
    {"role", "ROLE", "client (it connected) or server (it accepted)", FieldKind::Text, 6, false,
     true, [](E e, S out) { return text(out, name_of(e.role)); }},
    {"role_inferred", "INF", "the role was not seen but inferred", FieldKind::Flag, 5, false, true,
     [](E e, S out) {
         out += e.role_inferred ? "true" : "false";
         return true;
     }},
    {"pid", "PID", "process that closed", FieldKind::Number, 7, true, true,
     [](E e, S out) { return e.task.known() && number(out, std::uint64_t{e.task.pid}); }},
    {"tid", "TID", "thread that closed", FieldKind::Number, 7, false, true,
     [](E e, S out) { return e.task.known() && number(out, std::uint64_t{e.task.tid}); }},
    {"comm", "COMM", "name of the thread that closed", FieldKind::Text, 15, false, true,
     [](E e, S out) { return text(out, e.task.comm()); }},
    {"uid", "UID", "user of the process that closed", FieldKind::Number, 5, false, true,
     [](E e, S out) { return e.task.known() && number(out, std::uint64_t{e.task.uid}); }},
    {"service", "SERVICE", "the best short name: systemd unit, else container, else comm",
     FieldKind::Text, 14, true, true, [](E e, S out) { return text(out, service_of(e)); }},
    {"unit", "UNIT", "systemd unit", FieldKind::Text, 20, false, true,
     [](E e, S out) { return text(out, owner_text(e, &Owner::unit)); }},
    {"container", "CONTAINER", "container id, 12 digits", FieldKind::Text, 12, false, true,
     [](E e, S out) { return text(out, owner_text(e, &Owner::container)); }},
    {"cgroup", "CGROUP", "control group path", FieldKind::Text, 32, false, true,
     [](E e, S out) { return text(out, owner_text(e, &Owner::cgroup)); }},
    {"netns", "NETNS", "inode of the network namespace", FieldKind::Number, 10, false, true,
     [](E e, S out) { return e.netns != 0 && number(out, std::uint64_t{e.netns}); }},
    {"", "ROLE", "client or server; ? after it: inferred", FieldKind::Text, 7, true, false,
     [](E e, S out) {
         const bool known = text(out, name_of(e.role));
         out += known && e.role_inferred ? "?" : "";
         return known;
     }},
    {"", "CLOSE", "how it was closed, or what it was instead of a time-wait", FieldKind::Text, 8,
     true, false, [](E e, S out) { return text(out, close_word(e)); }},
    {"family", "F", "4 or 6", FieldKind::Number, 1, false, true,
     [](E e, S out) { return e.local.family != 0 && number(out, std::uint64_t{e.local.family}); }},
    {"local_addr", "LADDR", "address of the side that closed", FieldKind::Text, 39, false, true,
     [](E e, S out) { return address(out, e.local); }},
    {"local_port", "LPORT", "port of the side that closed", FieldKind::Number, 5, true, true,
     [](E e, S out) { return port(out, e.local_port); }},
    {"remote_addr", "RADDR", "address of the remote peer", FieldKind::Text, 39, false, true,
     [](E e, S out) { return address(out, e.remote); }},
    {"remote_port", "RPORT", "port of the remote peer", FieldKind::Number, 5, true, true,
     [](E e, S out) { return port(out, e.remote_port); }},
    {"lifetime_us", "LIFE(us)", "ESTABLISHED to FIN_WAIT1", FieldKind::Number, 10, false, true,
     [](E e, S out) { return number(out, e.lifetime_us()); }},
    {"close_us", "CLOSE(us)", "FIN_WAIT1 to the hand-over", FieldKind::Number, 9, false, true,
     [](E e, S out) { return number(out, e.close_us()); }},
    {"bytes_sent", "SENT", "payload bytes sent over the connection's life", FieldKind::Number, 8,
     false, true, [](E e, S out) { return number(out, e.bytes_sent); }},
    {"bytes_received", "RECEIVED", "payload bytes received", FieldKind::Number, 8, false, true,
     [](E e, S out) { return number(out, e.bytes_received); }},
    {"", "REMOTE", "address of the remote peer", FieldKind::Text, 0, true, false,
     [](E e, S out) { return address(out, e.remote); }},
});
// NOLINTEND(readability-identifier-naming)

} // namespace

std::span<const Field> event_fields() {
    return fields;
}

} // namespace twtrace
