// A real nginx with the test's configuration, inside a namespace.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "command.h"
#include "netns.h"

namespace live {

/// Debian's or Ubuntu's binary, or the one that TWTRACE_NGINX names; empty if there is none.
std::string nginx_binary();

/// A server at 127.0.0.1:8000 that proxies to 127.0.0.1:8001, with or without keep-alive. It uses
/// HTTP/1.1 without "Connection: close", so the proxy closes its connections itself.
std::string proxy_site(bool keep_alive);

class Nginx {
  public:
    /// `http` is the content of the http block. Ready when something listens on `port`.
    Nginx(const TestNamespace& ns, const std::string& http, std::uint16_t port);
    /// Pid of the single worker, which closes the connections.
    int worker_pid() const { return worker_pid_; }

  private:
    TempDir dir_;
    std::unique_ptr<Command> launcher_;
    int worker_pid_ = -1;
};

/// Sends this number of GETs over one connection, or over one connection each, which the server is
/// asked to close.
void http_load(const TestNamespace& ns, std::uint16_t port, int requests, bool keep_alive);

} // namespace live
