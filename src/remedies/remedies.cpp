#include "remedies/remedies.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace twtrace {

namespace {

using enum Protocol;

struct Speaks {
    std::string_view program;
    Protocol protocol;
};

constexpr std::array servers{
    Speaks{"php-fpm", FastCgi},     Speaks{"uwsgi", Unknown},     Speaks{"uwsgi-core", Unknown},
    Speaks{"redis-server", Redis},  Speaks{"postgres", Postgres}, Speaks{"pgbouncer", Postgres},
    Speaks{"valkey-server", Redis}, Speaks{"mysqld", MySql},      Speaks{"mariadbd", MySql},
    Speaks{"memcached", Memcached}, Speaks{"nginx", Http},        Speaks{"apache2", Http},
    Speaks{"httpd", Http},          Speaks{"varnishd", Http},     Speaks{"gunicorn", Http}};

constexpr std::array clients{Speaks{"redis-cli", Redis}, Speaks{"redis-benchmark", Redis},
                             Speaks{"psql", Postgres},   Speaks{"pgbench", Postgres},
                             Speaks{"mysql", MySql},     Speaks{"mysqldump", MySql},
                             Speaks{"mysqlslap", MySql}, Speaks{"mysqladmin", MySql},
                             Speaks{"mariadb", MySql},   Speaks{"mariadb-dump", MySql},
                             Speaks{"curl", Http},       Speaks{"wget", Http},
                             Speaks{"wrk", Http},        Speaks{"ab", Http}};

struct Belongs {
    std::uint16_t port;
    Protocol protocol;
};

// Other ports (8080, 9000, ...) serve several protocols.
constexpr std::array ports{Belongs{80, Http},    Belongs{50051, Grpc},
                           Belongs{6379, Redis}, Belongs{5432, Postgres},
                           Belongs{3306, MySql}, Belongs{11211, Memcached}};

// Ports on which HTTP servers speak TLS.
bool is_tls(std::uint16_t port) {
    return port == 443 || port == 8443;
}

// Matches php-fpm8.2, python3, "gunicorn: master"; but node_exporter is not node.
bool is_called(std::string_view name, std::string_view program) {
    if (!name.starts_with(program))
        return false;
    const std::string_view rest = name.substr(program.size());
    return rest.starts_with(':') || rest.find_first_not_of("0123456789.") == std::string_view::npos;
}

template <typename Table>
auto find_in(const Table& table, std::string_view name) {
    const auto found = std::find_if(std::begin(table), std::end(table), [name](const auto& row) {
        return !row.program.empty() && is_called(name, row.program);
    });
    return found == std::end(table) ? nullptr : &*found;
}

std::string filled(std::string_view text, const RemedyTarget& target) {
    const std::string port_text = std::to_string(target.port);
    const std::array<std::pair<std::string_view, std::string_view>, 3> values{
        {{"{endpoint}", target.endpoint}, {"{port}", port_text}, {"{name}", target.name}}};
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

std::string_view known_program(std::span<const std::string_view> names) {
    std::string_view last;
    for (const std::string_view name : names) {
        if (find_in(servers, name) != nullptr || find_in(clients, name) != nullptr ||
            find_in(remedy_table(), name) != nullptr)
            return name;
        last = name.empty() ? last : name;
    }
    return last;
}

Protocol protocol_of(std::string_view server, std::string_view client, std::uint16_t port) {
    const auto* belongs = std::find_if(ports.begin(), ports.end(),
                                       [port](const Belongs& row) { return row.port == port; });
    const Protocol by_port = belongs == ports.end() ? Unknown : belongs->protocol;
    if (const Speaks* known = find_in(servers, server)) {
        if (known->protocol == Http && (is_tls(port) || by_port == Grpc))
            return by_port;
        return known->protocol;
    }
    if (const Speaks* known = find_in(clients, client))
        return known->protocol;
    return server.empty() ? by_port : Unknown; // Unknown: the program is known, its protocol is not
}

namespace {

const Remedy& row_for(std::string_view program, Role role, Protocol protocol) {
    const auto rows = remedy_table();
    const auto find = [&](bool named, Protocol wanted) {
        return std::find_if(rows.begin(), rows.end(), [&](const Remedy& row) {
            return row.role == role && row.protocol == wanted && row.program.empty() != named &&
                   (!named || is_called(program, row.program));
        });
    };
    if (const auto row = find(true, protocol); row != rows.end())
        return *row;
    // A row for any protocol of this program is more specific than one for any program with this
    // protocol.
    const bool is_http = protocol == Unknown || protocol == Http || protocol == Grpc;
    if (const auto row = find(true, Unknown);
        row != rows.end() && (is_http || role == Role::Server))
        return *row;
    if (const auto row = find(true, Forwarded); row != rows.end() && protocol != FastCgi)
        return *row;
    if (const auto row = find(false, protocol); row != rows.end())
        return *row;
    return *find(false, Unknown);
}

} // namespace

std::vector<std::string> keep_alive_remedy(std::string_view program, Role role, Protocol protocol,
                                           const RemedyTarget& target) {
    std::vector<std::string> lines;
    std::string_view rest = row_for(program, role, protocol).lines;
    while (!rest.empty()) {
        const auto end = rest.find('\n');
        lines.push_back(filled(rest.substr(0, end), target));
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
    return lines;
}

} // namespace twtrace
