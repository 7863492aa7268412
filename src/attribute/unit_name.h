// systemd unit names: which strings are one, and which of them name a service.
//
// Source: systemd.unit(5), "String Escaping for Inclusion in Unit Names", and systemd.special(7).
#pragma once

#include <string>
#include <string_view>

namespace twtrace {

/// True for a name that systemd could give a cgroup of its own: at most 255 bytes of
/// [A-Za-z0-9:_.\@-], ending in .service, .scope, .socket, .mount, .swap or .slice, not a template
/// without an instance ("getty@.service").
bool is_unit_name(std::string_view name);

/// True for "user@1000.service" and "session-3.scope": only below these does systemd itself (the
/// user's manager) create further units. Below any other unit the cgroups are the program's own.
bool holds_user_units(std::string_view unit);

/// True if `unit` is what an administrator would call a service. False for other units, which would
/// only hide the container or the command: see the table in unit_name.cpp.
bool names_a_service(std::string_view unit);

/// Undoes "\x2d" escapes. Bytes that would not be printable ASCII stay escaped, so the result is
/// safe to print for any input.
std::string unescape_unit(std::string_view escaped);

/// True if `text` is `min` to `max` lower-case hexadecimal digits, as every container runtime
/// writes ids.
bool is_hex_id(std::string_view text, std::size_t min, std::size_t max);

/// True for a lower-case UUID whose groups are separated by `separator` ('-', or '_' as in slice
/// names).
bool is_uuid(std::string_view text, char separator);

} // namespace twtrace
