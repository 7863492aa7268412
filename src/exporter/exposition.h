// Observed numbers -> the text that Prometheus reads (exposition format 0.0.4). Only this module
// uses prometheus-cpp.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "exporter/observed.h"

namespace twtrace {

class Exposition {
  public:
    /// limit: peers and network namespaces with their own series.
    explicit Exposition(std::size_t limit) : limit_(limit) {}

    std::string text(const Observed& observed, const ObservedHost& host);

  private:
    std::size_t limit_;
    std::set<std::string> shown_peers_; // peers of the last scrape are preferred over new ones
};

} // namespace twtrace
