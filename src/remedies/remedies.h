// What a program has to change to keep its connections open, by the protocol that it speaks.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/event.h"

namespace twtrace {

enum class Protocol { Unknown, Http, Grpc, FastCgi, Uwsgi, Redis, Postgres, MySql, Memcached };

/// The first of them that a table has, else the last that is not empty. A process has several:
/// its script, its executable, its comm.
std::string_view known_program(std::span<const std::string_view> names);

/// By the program that listens, else by the one that connects, else by the port where it belongs to
/// one protocol only. Empty: the program is not known. A program that speaks several protocols says
/// nothing.
Protocol protocol_of(std::string_view server, std::string_view client, std::uint16_t port);

/// One row a program, role and protocol. A line that does not begin with '#' is pasted by people:
/// it must be right for this program and protocol.
struct Remedy {
    std::string_view program; ///< its name; a version may follow. Empty: every program
    Role role;                ///< Client: it connects, and keeps open what it has opened
    Protocol protocol;        ///< of a named program, Unknown: whatever it speaks
    std::string_view lines;   ///< {endpoint}, {port}, {name}: the client's
    std::string_view source;  ///< where its documentation says so
};

std::span<const Remedy> remedy_table();

/// Of whom it is about: the name that people know it by, and the address that it connects to or
/// listens on.
struct Party {
    std::string_view name;
    std::string_view endpoint;
    std::uint16_t port = 0;
};

/// The first row that fits, filled in. A client whose protocol is unknown gets '#' lines only.
std::vector<std::string> keep_alive_remedy(std::string_view program, Role role, Protocol protocol,
                                           const Party& party);

} // namespace twtrace
