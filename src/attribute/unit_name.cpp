#include "attribute/unit_name.h"

#include <algorithm>
#include <array>

namespace twtrace {
namespace {

constexpr std::size_t max_unit_bytes = 255; // UNIT_NAME_MAX - 1

constexpr std::array<std::string_view, 6> cgroup_unit_types{".service", ".scope", ".socket",
                                                            ".mount",   ".swap",  ".slice"};

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_unit_char(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == ':' ||
           c == '_' || c == '.' || c == '\\' || c == '@' || c == '-';
}

bool all_digits(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

int hex_value(char c) {
    if (is_digit(c))
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/// "name" of "<prefix>name<suffix>", or empty if it does not have that shape.
std::string_view between(std::string_view text, std::string_view prefix, std::string_view suffix) {
    if (text.size() <= prefix.size() + suffix.size() || !text.starts_with(prefix) ||
        !text.ends_with(suffix))
        return {};
    return text.substr(prefix.size(), text.size() - prefix.size() - suffix.size());
}

/// What systemd-run calls a unit that was given no name: run-u7.service, run-r<32 hex>.scope, and
/// since v256 run-p<pid>-i<id>.service. The name differs each time and identifies no service.
bool is_anonymous_run(std::string_view unit) {
    const std::string_view stem = between(unit.substr(0, unit.rfind('.')), "run-", "");
    if (stem.size() < 2)
        return false;
    const std::string_view rest = stem.substr(1);
    if (stem[0] == 'u')
        return all_digits(rest);
    if (stem[0] == 'r')
        return is_hex_id(rest, 32, 32);
    const std::size_t dash = rest.find("-i");
    return stem[0] == 'p' && dash != std::string_view::npos && all_digits(rest.substr(0, dash)) &&
           all_digits(rest.substr(dash + 2));
}

/// docker-<id>.scope and the like, including their monitors (crio-conmon-<id>.scope).
bool is_container_scope(std::string_view unit) {
    const std::string_view stem = between(unit, "", ".scope");
    const std::size_t dash = stem.rfind('-');
    return stem.starts_with("machine-") ||
           (dash != std::string_view::npos && is_hex_id(stem.substr(dash + 1), 64, 64));
}

/// A tab of a terminal: vte-spawn-<uuid>.scope, tmux-spawn-<uuid>.scope.
bool is_terminal_scope(std::string_view unit) {
    const std::string_view stem = between(unit, "", ".scope");
    const std::size_t at = stem.find("-spawn-");
    return at != std::string_view::npos && is_uuid(stem.substr(at + 7), '-');
}

} // namespace

bool is_hex_id(std::string_view text, std::size_t min, std::size_t max) {
    return text.size() >= min && text.size() <= max &&
           std::all_of(text.begin(), text.end(), [](char c) { return hex_value(c) >= 0; });
}

bool is_uuid(std::string_view text, char separator) {
    if (text.size() != 36)
        return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool between_groups = i == 8 || i == 13 || i == 18 || i == 23;
        if (between_groups ? text[i] != separator : hex_value(text[i]) < 0)
            return false;
    }
    return true;
}

bool is_unit_name(std::string_view name) {
    if (name.size() > max_unit_bytes || !std::all_of(name.begin(), name.end(), is_unit_char))
        return false;
    const auto* type =
        std::find_if(cgroup_unit_types.begin(), cgroup_unit_types.end(), [&](std::string_view t) {
            return name.size() > t.size() && name.ends_with(t);
        });
    if (type == cgroup_unit_types.end())
        return false;
    const std::string_view stem = name.substr(0, name.size() - type->size());
    return stem.front() != '@' && stem.back() != '@';
}

bool holds_user_units(std::string_view unit) {
    // Session ids are numbers, or "c3" if the audit subsystem assigned none.
    return all_digits(between(unit, "user@", ".service")) ||
           !between(unit, "session-", ".scope").empty();
}

//  unit                                   why it does not name a service
//  *.slice                                a slice groups services
//  init.scope                             PID 1 itself, or the init of a container
//  user@N.service, session-N.scope        a login: the command is more specific
//  run-uN.*, run-r<hex>.*, run-pN-iN.*    systemd-run without --unit: a new name at each run
//  vte-spawn-<uuid>.scope, tmux-spawn-*   a tab of a terminal
//  <runtime>-<64 hex>.scope, machine-*    the wrapper of a container: the container is the name
bool names_a_service(std::string_view unit) {
    return is_unit_name(unit) && !unit.ends_with(".slice") && unit != "init.scope" &&
           !holds_user_units(unit) && !is_anonymous_run(unit) && !is_terminal_scope(unit) &&
           !is_container_scope(unit);
}

std::string unescape_unit(std::string_view escaped) {
    std::string plain;
    plain.reserve(escaped.size());
    for (std::size_t i = 0; i < escaped.size(); ++i) {
        if (escaped[i] == '\\' && i + 3 < escaped.size() && escaped[i + 1] == 'x') {
            const int high = hex_value(escaped[i + 2]);
            const int low = hex_value(escaped[i + 3]);
            const int byte = high * 16 + low;
            if (high >= 0 && low >= 0 && byte > 0x20 && byte < 0x7f) {
                plain.push_back(static_cast<char>(byte));
                i += 3;
                continue;
            }
        }
        plain.push_back(escaped[i]);
    }
    return plain;
}

} // namespace twtrace
