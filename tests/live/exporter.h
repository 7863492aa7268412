// A running `twtrace exporter`, and the content of its scrapes.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "http.h"
#include "tracer.h"

namespace live {

/// Series as they are written ("name{label=\"value\"}") and their values.
using Scrape = std::map<std::string, double>;

Scrape parse_scrape(const std::string& text);
/// Sum over all series of that name that contain each of these parts ("role=\"client\"").
double sum_of(const Scrape& scrape, const std::string& name,
              const std::vector<std::string>& parts = {});
std::optional<double> value_of(const Scrape& scrape, const std::string& series);

std::vector<pid_t> children_of(pid_t pid);
/// The child of an exporter that parses requests: it has an epoll set. -1: there is none.
pid_t front_of(pid_t exporter);

class Exporter {
  public:
    /// Listens on its own port.
    explicit Exporter(const std::vector<std::string>& options);
    /// Traces this namespace only.
    explicit Exporter(const TestNamespace& ns, const std::vector<std::string>& more = {});
    std::uint16_t port() const { return port_; }
    Scrape scrape() const;
    Tracer& tracer() { return tracer_; }
    pid_t front_pid() const { return front_of(tracer_.command().pid()); }

  private:
    Tracer tracer_;
    std::uint16_t port_ = 0;
};

} // namespace live
