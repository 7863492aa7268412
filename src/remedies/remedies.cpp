#include "remedies/remedies.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace twtrace {

namespace {

using enum Protocol;

struct Speaks {
    std::string_view program; // how its name begins
    Protocol protocol;
};

constexpr std::array servers{
    Speaks{"php-fpm", FastCgi},     Speaks{"uwsgi", Unknown},     Speaks{"redis-server", Redis},
    Speaks{"valkey-server", Redis}, Speaks{"postgres", Postgres}, Speaks{"pgbouncer", Postgres},
    Speaks{"mysqld", MySql},        Speaks{"mariadbd", MySql},    Speaks{"memcached", Memcached},
    Speaks{"nginx", Http},          Speaks{"apache2", Http},      Speaks{"httpd", Http},
    Speaks{"varnishd", Http},       Speaks{"gunicorn", Http}};

constexpr std::array clients{Speaks{"redis-", Redis},     Speaks{"psql", Postgres},
                             Speaks{"pgbench", Postgres}, Speaks{"mysql", MySql},
                             Speaks{"curl", Http},        Speaks{"wget", Http},
                             Speaks{"wrk", Http},         Speaks{"ab", Http}};

struct Belongs {
    std::uint16_t port;
    Protocol protocol;
};

// Others than these (8080, 9000, ...) serve several protocols.
constexpr std::array ports{Belongs{80, Http}, Belongs{6379, Redis}, Belongs{5432, Postgres},
                           Belongs{3306, MySql}, Belongs{11211, Memcached}};

// HTTP servers speak TLS or gRPC on these.
bool is_no_plain_http(std::uint16_t port) {
    return port == 443 || port == 8443 || port == 50051;
}

// "ab" is a whole name; longer ones may go on: php-fpm8.2, python3.
bool is_called(std::string_view name, std::string_view program) {
    return program.size() <= 2 ? name == program : name.starts_with(program);
}

template <typename Table>
const Speaks* find_in(const Table& table, std::string_view name) {
    const auto* found = std::find_if(table.begin(), table.end(), [name](const Speaks& row) {
        return is_called(name, row.program);
    });
    return found == table.end() ? nullptr : found;
}

std::string filled(std::string_view text, std::string_view name, std::string_view endpoint,
                   std::uint16_t port) {
    const std::string port_text = std::to_string(port);
    const std::array<std::pair<std::string_view, std::string_view>, 3> values{
        {{"{endpoint}", endpoint}, {"{port}", port_text}, {"{name}", name}}};
    std::string out;
    while (!text.empty()) {
        const auto* const value =
            std::find_if(values.begin(), values.end(),
                         [text](const auto& one) { return text.starts_with(one.first); });
        out += value == values.end() ? text.substr(0, 1) : value->second;
        text.remove_prefix(value == values.end() ? 1 : value->first.size());
    }
    return out;
}

} // namespace

Protocol protocol_of(std::string_view server, std::string_view client, std::uint16_t port) {
    if (const Speaks* known = find_in(servers, server); known != nullptr && !server.empty())
        return known->protocol == Http && is_no_plain_http(port) ? Unknown : known->protocol;
    if (const Speaks* known = find_in(clients, client))
        return known->protocol;
    if (!server.empty()) // it is here, and what it speaks is not known
        return Unknown;
    const auto* found = std::find_if(ports.begin(), ports.end(),
                                     [port](const Belongs& row) { return row.port == port; });
    return found == ports.end() ? Unknown : found->protocol;
}

std::vector<std::string> keep_alive_remedy(std::string_view program, Protocol protocol,
                                           std::string_view name, std::string_view endpoint,
                                           std::uint16_t port) {
    const auto rows = remedy_table();
    auto fits = [&](const Remedy& row) {
        return (row.program.empty() || is_called(program, row.program)) && row.protocol == protocol;
    };
    auto row = std::find_if(rows.begin(), rows.end(), fits);
    // A row for whatever a program speaks says more than one for whatever program speaks this.
    if (row == rows.end() || row->program.empty()) {
        const auto any = std::find_if(rows.begin(), rows.end(), [&](const Remedy& one) {
            return !one.program.empty() && is_called(program, one.program) &&
                   one.protocol == Unknown;
        });
        row = any != rows.end() && (protocol == Unknown || protocol == Http) ? any : row;
    }
    std::vector<std::string> lines;
    std::string_view rest = row == rows.end() ? rows.back().lines : row->lines;
    while (!rest.empty()) {
        const auto end = rest.find('\n');
        lines.push_back(filled(rest.substr(0, end), name, endpoint, port));
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
    return lines;
}

} // namespace twtrace
