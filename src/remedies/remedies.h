// What a program has to change to keep its connections open, by the protocol that it speaks.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace twtrace {

enum class Protocol { Unknown, Http, FastCgi, Uwsgi, Redis, Postgres, MySql, Memcached };

/// By the program that listens, else by the one that connects, else by the port where it belongs to
/// one protocol only. Empty: the program is not known. A program that speaks several protocols says
/// nothing.
Protocol protocol_of(std::string_view server, std::string_view client, std::uint16_t port);

/// One row a program and protocol. A line that does not begin with '#' is pasted by people: it must
/// be right for this program and protocol.
struct Remedy {
    std::string_view program; ///< how its name begins; empty: every program
    Protocol protocol;
    std::string_view lines;  ///< {endpoint}, {port}, {name}: the client's
    std::string_view source; ///< where its documentation says so
};

std::span<const Remedy> remedy_table();

/// The first row that fits, filled in. With an unknown protocol there are only '#' lines.
std::vector<std::string> keep_alive_remedy(std::string_view program, Protocol protocol,
                                           std::string_view name, std::string_view endpoint,
                                           std::uint16_t port);

} // namespace twtrace
