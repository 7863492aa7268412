// Simulates a pool of idle connections on recorded connections.
#pragma once

#include <cstdint>
#include <vector>

namespace twtrace::whatif {

/// One connection, ESTABLISHED to the first FIN. CLOCK_MONOTONIC.
struct Connection {
    std::uint64_t open_ns = 0;
    std::uint64_t close_ns = 0;
    std::uint32_t process = 0; ///< each process has its own pool
    bool is_lost = false;      ///< the peer closed first, or a reset: can't be reused
};

struct Pool {
    std::uint64_t idle_connections = 32; ///< most idle connections per process
    std::uint64_t idle_ns = 60'000'000'000;
};

struct PoolResult {
    std::uint64_t opened = 0;   ///< found no idle connection
    std::uint64_t reused = 0;   ///< used an idle one, which saves a handshake
    std::uint64_t full = 0;     ///< closed because the pool was full
    std::uint64_t expired = 0;  ///< closed after the idle time
    std::uint64_t ended = 0;    ///< closed because the process ended
    std::uint64_t max_open = 0; ///< most connections in use or idle at a time

    [[nodiscard]] std::uint64_t closed() const { return full + expired + ended; }
};

/// The times of opening and of closing, in order.
class Timeline {
  public:
    explicit Timeline(const std::vector<Connection>& connections);

    /// The most recently used connection is reused first, as pools do, so that the others can
    /// expire.
    [[nodiscard]] PoolResult play(const Pool& pool) const;
    /// Most connections open at a time without a pool.
    [[nodiscard]] std::uint64_t max_open() const;
    /// Whether a process made more than one connection.
    [[nodiscard]] bool some_process_made_several() const { return several_; }

  private:
    struct Step {
        std::uint64_t at_ns;
        std::uint32_t process; // an index
        bool opens;            // at equal times closes come first: the connection can be reused
        bool returns;          // a close after which the connection can be reused
        bool operator<(const Step& other) const {
            return at_ns != other.at_ns ? at_ns < other.at_ns : opens < other.opens;
        }
    };
    struct Process {
        std::uint64_t connections = 0;
        std::uint64_t first_ns = 0;
        std::uint64_t last_ns = 0;
        std::uint64_t longest_gap_ns = 0;
        bool is_over = false; // it did nothing after its last step
        std::size_t last_step = 0;
    };
    void find_ends();

    std::vector<Step> steps_;
    std::vector<Process> processes_;
    bool several_ = false;
};

} // namespace twtrace::whatif
