// Observed numbers -> the text that Prometheus reads (exposition format 0.0.4). The only room that
// knows prometheus-cpp.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "exporter/observed.h"

namespace twtrace {

class Exposition {
  public:
    /// most: peers and network namespaces with series of their own.
    explicit Exposition(std::size_t most) : most_(most) {}

    std::string text(const Observed& observed, const ObservedHost& host);

  private:
    std::size_t most_;
    std::set<std::string> shown_peers_; // a peer that was shown stays easier than another comes
};

} // namespace twtrace
