// An HTTP client for servers on 127.0.0.1, like a scraper.
#pragma once

#include <cstdint>
#include <string>

#include "fd.h"

namespace live {

struct HttpAnswer {
    int status = 0; ///< 0: no answer
    std::string head;
    std::string body;
};

/// An empty Fd if it failed.
Fd connect_to_port(std::uint16_t port);
/// One request on a separate connection; `fields` are header lines with \r\n. Times out after ten
/// seconds, like Prometheus.
HttpAnswer http_get(std::uint16_t port, const std::string& path, const std::string& fields = {});
/// A port that was free when checked.
std::uint16_t free_port();
std::string url_encode(const std::string& text);

} // namespace live
