// Asks an HTTP server on 127.0.0.1, as a scraper does.
#pragma once

#include <cstdint>
#include <string>

#include "fd.h"

namespace live {

struct HttpAnswer {
    int status = 0; ///< 0: none came
    std::string head;
    std::string body;
};

/// Not connected if it did not work.
Fd connect_to_port(std::uint16_t port);
/// One request on a connection of its own; `fields` are header lines with \r\n. Gives up after ten
/// seconds, which is Prometheus' own patience.
HttpAnswer http_get(std::uint16_t port, const std::string& path, const std::string& fields = {});
/// A port that was free a moment ago.
std::uint16_t free_port();
std::string url_encode(const std::string& text);

} // namespace live
