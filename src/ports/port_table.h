// The local ports held from one source address towards one destination address and port, and the
// only function that counts them: for summary, top, doctor and exporter.
//
// Two terms: a port is *taken* if a socket holds it, and a taken port is *reusable* if connect()
// may take its TIME_WAIT over now (tcp_tw_reuse).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "ports/port_rules.h"

namespace twtrace {

enum class PortHolder : std::uint8_t {
    Open,     ///< a socket in any state before TIME_WAIT
    FinWait2, ///< a minisock in substate FIN_WAIT2: never reusable
    TimeWait,
};

struct HeldPort {
    std::uint16_t port = 0; ///< 0: not known
    PortHolder holder = PortHolder::TimeWait;
    /// TCP timestamps were negotiated; none: not known.
    std::optional<bool> timestamps{};
    std::uint64_t since_ns = 0; ///< of a minisock: its entry, CLOCK_MONOTONIC
};

struct PortCount {
    double taken = 0;
    double reusable = 0;           ///< of taken
    double open = 0;               ///< of taken
    double without_timestamps = 0; ///< of taken: known to be never reusable

    [[nodiscard]] double held() const { return taken - reusable; }
};

class PortTable {
  public:
    static constexpr std::uint64_t minute_ns = 60'000'000'000; // TCP_TIMEWAIT_LEN

    /// A known port that is already in the table was taken over and gets a new holder. times:
    /// number of holders without a known port, each of which holds another port.
    void add(const HeldPort& held, std::uint64_t times = 1);
    /// Removes minisocks that are older than a minute at now_ns.
    void forget_older(std::uint64_t now_ns);
    [[nodiscard]] bool empty() const { return used_ == 0 && latest_used_ == 0 && unnamed_.empty(); }
    /// Known ports that take memory of their own, expired ones included. The latest eight take
    /// none.
    [[nodiscard]] std::size_t size() const { return used_; }

    /// Counts at now_ns. Whether a connection of unknown state had timestamps is estimated from the
    /// others of this table; without any, it had.
    [[nodiscard]] PortCount count(std::uint64_t now_ns, const PortRules& rules,
                                  const Address& local, const Address& remote) const;
    /// The minisocks by the full seconds of their age.
    [[nodiscard]] std::array<double, 60> by_age(std::uint64_t now_ns) const;

  private:
    // Milliseconds in 32 bits: they wrap after 49 days, and are compared within minutes.
    struct Slot {
        std::uint32_t since_ms = 0;
        std::uint16_t port = 0; // 0: free
        PortHolder holder = PortHolder::TimeWait;
        std::uint8_t timestamps = 0;
    };
    static_assert(sizeof(Slot) == 8);
    // Holders without a known port; those of one second together.
    struct Unnamed {
        Slot slot;
        std::uint64_t times = 0;
    };
    static Slot slot_of(const HeldPort& held);
    static std::uint32_t age_ms(const Slot& slot, std::uint64_t now_ns);
    static bool is_over(const Slot& slot, std::uint64_t now_ns);
    [[nodiscard]] Slot* find_latest(std::uint16_t port);
    Slot* find(std::uint16_t port);
    void write_latest();
    void resize(std::size_t slots, std::optional<std::uint64_t> now_ns);
    void add_unnamed(Slot slot, std::uint64_t times);
    /// visit(slot, times)
    template <typename Visit>
    void each(std::uint64_t now_ns, Visit&& visit) const;

    // The latest ports are written to the table eight at a time: its memory is not in a CPU cache
    // when an event comes. This saves 0.1 CPU seconds per million events towards 1,000 peers.
    std::array<Slot, 8> latest_;
    std::uint32_t latest_used_ = 0;
    std::uint32_t used_ = 0;  // of slots_
    std::vector<Slot> slots_; // open addressing; a power of two, or none
    std::vector<Unnamed> unnamed_;
};

} // namespace twtrace
