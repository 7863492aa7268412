// The local ports that a run's clients take, by the settings of their namespaces.
#pragma once

#include <cstdint>
#include <vector>

#include "aggregate/ports_held.h"
#include "app/port_rules_watch.h"

namespace twtrace {

class PortTally {
  public:
    explicit PortTally(std::unique_ptr<NamespaceViews> namespaces) : watch_(std::move(namespaces)) {
        held_.set_rules(watch_.rules());
    }
    /// now_ns: CLOCK_MONOTONIC.
    void add(const Event& event, std::uint64_t times, std::uint64_t now_ns) {
        if (event.type != EventType::TimeWait || event.role != Role::Client)
            return;
        if (watch_.update_if_new(event.netns, now_ns))
            held_.set_rules(watch_.rules());
        held_.add(event, times, PortsHeld::no_user, now_ns);
    }
    /// The ports held at that time, by the settings that were read last.
    const PortsHeld& held_at(std::uint64_t now_ns) {
        held_.move_to(now_ns);
        return held_;
    }
    /// The ports held at that time, by the present settings, which are read for every namespace.
    const PortsHeld& at(std::uint64_t now_ns) {
        watch_.update();
        held_.set_rules(watch_.rules());
        return held_at(now_ns);
    }

  private:
    static constexpr std::size_t max_held = 50'000;
    PortRulesWatch watch_;
    PortsHeld held_{max_held};
};

} // namespace twtrace
