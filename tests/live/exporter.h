// A running `twtrace exporter`, and what a scrape of it says.
#pragma once

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
/// Over all series of that name that have each of these parts ("role=\"client\"") in them.
double sum_of(const Scrape& scrape, const std::string& name,
              const std::vector<std::string>& parts = {});
std::optional<double> value_of(const Scrape& scrape, const std::string& series);

class Exporter {
  public:
    /// On a port of its own, looking at this namespace only.
    explicit Exporter(const TestNamespace& ns, const std::vector<std::string>& more = {});
    std::uint16_t port() const { return port_; }
    Scrape scrape() const;
    Tracer& tracer() { return tracer_; }

  private:
    Tracer tracer_;
    std::uint16_t port_ = 0;
};

} // namespace live
