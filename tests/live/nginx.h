// A real nginx with a configuration of the test's own, inside a namespace.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "command.h"
#include "netns.h"

namespace live {

/// Debian's or Ubuntu's binary, or the one that TWTRACE_NGINX names; empty if there is none.
std::string nginx_binary();

/// A server at 127.0.0.1:8000 that passes to 127.0.0.1:8001, over kept connections or not. It
/// speaks HTTP/1.1 without "Connection: close", so closing is left to itself.
std::string proxy_site(bool keep_alive);

class Nginx {
  public:
    /// `http` is what stands in the http block. Ready when something listens on `port`.
    Nginx(const TestNamespace& ns, const std::string& http, std::uint16_t port);
    /// Of the single worker, which is who closes connections.
    int worker_pid() const { return worker_pid_; }

  private:
    TempDir dir_;
    std::unique_ptr<Command> launcher_;
    int worker_pid_ = -1;
};

/// GETs that many times over one connection, or with a connection each that the server is asked to
/// close.
void http_load(const TestNamespace& ns, std::uint16_t port, int requests, bool keep_alive);

} // namespace live
