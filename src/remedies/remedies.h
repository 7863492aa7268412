// Changes by which a program keeps its connections open, depending on its protocol.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/event.h"

namespace twtrace {

/// Forwarded: only in rows of the table, for a program that forwards what its clients send.
enum class Protocol { Unknown, Http, Grpc, FastCgi, Redis, Postgres, MySql, Memcached, Forwarded };

/// The first name that is in a table, else the last that is not empty. A process has several names:
/// its script, its executable, its comm.
std::string_view known_program(std::span<const std::string_view> names);

/// By the listening program, else by the connecting one, else by the port if only one protocol uses
/// it. Empty: the program is not known. A program that speaks several protocols determines nothing.
Protocol protocol_of(std::string_view server, std::string_view client, std::uint16_t port);

/// One row per program, role and protocol. Users copy the lines that do not begin with '#': these
/// must be correct for this program and protocol.
struct Remedy {
    std::string_view program; ///< its name; a version may follow. Empty: any program
    Role role;                ///< Client: it connects, and keeps its connections open
    Protocol protocol;        ///< Unknown with a named program: any protocol
    std::string_view lines;   ///< with {endpoint}, {port} and {name} of the client
    std::string_view source;  ///< the program's documentation of these lines
};

std::span<const Remedy> remedy_table();

/// The client or server: its displayed name, and the address that it connects to or listens on.
struct RemedyTarget {
    std::string_view name;
    std::string_view endpoint;
    std::uint16_t port = 0;
};

/// The lines of the first matching row, filled in. A client whose protocol is unknown gets '#'
/// lines only.
std::vector<std::string> keep_alive_remedy(std::string_view program, Role role, Protocol protocol,
                                           const RemedyTarget& target);

} // namespace twtrace
