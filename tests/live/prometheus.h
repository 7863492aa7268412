// A real Prometheus with the test's configuration.
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "command.h"

namespace live {

/// Debian's or Ubuntu's binary, or the one that TWTRACE_PROMETHEUS names; empty if there is none.
std::string prometheus_binary();
/// True if a test can continue; else prints SKIP, or fails if TWTRACE_REQUIRE_BPF=1, which requires
/// every program.
bool have_prometheus();

class Prometheus {
  public:
    /// Scrapes these ports of 127.0.0.1 as job "twtrace" every fifth of a second, with the
    /// recording rules of deploy/.
    explicit Prometheus(const std::vector<std::uint16_t>& targets);
    /// The result vector of an instant query.
    nlohmann::json query(const std::string& expression) const;
    /// The value of a query with one series; -1: none.
    double number(const std::string& expression) const;

  private:
    TempDir dir_;
    std::uint16_t port_;
    std::unique_ptr<Command> command_;
};

} // namespace live
