// A pool of idle connections, played through with the connections that were really made.
#pragma once

#include <cstdint>
#include <vector>

namespace twtrace::whatif {

/// One connection, ESTABLISHED to the first FIN. CLOCK_MONOTONIC.
struct Connection {
    std::uint64_t open_ns = 0;
    std::uint64_t close_ns = 0;
};

struct Pool {
    std::uint64_t idle_connections = 32; ///< at most so many wait to be used again
    std::uint64_t idle_ns = 60'000'000'000;
};

struct PoolResult {
    std::uint64_t opened = 0;    ///< found no idle connection
    std::uint64_t reused = 0;    ///< took an idle one: a handshake saved
    std::uint64_t full = 0;      ///< closed, because so many were idle already
    std::uint64_t expired = 0;   ///< closed after it had been idle for too long
    std::uint64_t most_open = 0; ///< in use or idle, at the worst moment

    [[nodiscard]] std::uint64_t closed() const { return full + expired; }
};

/// The times of opening and of closing, each in order.
class Timeline {
  public:
    explicit Timeline(const std::vector<Connection>& connections);

    /// The one that was used last is used first, as pools do, so that the others can expire.
    [[nodiscard]] PoolResult play(const Pool& pool) const;
    /// Without a pool: open at the same time, at the worst moment.
    [[nodiscard]] std::uint64_t most_open() const;

  private:
    struct Step {
        std::uint64_t at_ns;
        bool opens; // at the same moment a close comes first: its connection can be used
        bool operator<(const Step& other) const {
            return at_ns != other.at_ns ? at_ns < other.at_ns : opens < other.opens;
        }
    };
    std::vector<Step> steps_;
};

} // namespace twtrace::whatif
