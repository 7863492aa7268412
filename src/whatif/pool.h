// A pool of idle connections, played through with the connections that were really made.
#pragma once

#include <cstdint>
#include <vector>

namespace twtrace::whatif {

/// One connection, ESTABLISHED to the first FIN. CLOCK_MONOTONIC.
struct Connection {
    std::uint64_t open_ns = 0;
    std::uint64_t close_ns = 0;
    std::uint32_t process = 0; ///< each has a pool of its own
    bool is_lost = false;      ///< the peer closed first, or a reset ended it: not to be used again
};

struct Pool {
    std::uint64_t idle_connections = 32; ///< at most so many wait to be used again, in each process
    std::uint64_t idle_ns = 60'000'000'000;
};

struct PoolResult {
    std::uint64_t opened = 0;    ///< found no idle connection
    std::uint64_t reused = 0;    ///< took an idle one: a handshake saved
    std::uint64_t full = 0;      ///< closed, because so many were idle already
    std::uint64_t expired = 0;   ///< closed after it had been idle for too long
    std::uint64_t ended = 0;     ///< closed, because the process was over
    std::uint64_t most_open = 0; ///< in use or idle, at the worst moment

    [[nodiscard]] std::uint64_t closed() const { return full + expired + ended; }
};

/// The times of opening and of closing, in order.
class Timeline {
  public:
    explicit Timeline(const std::vector<Connection>& connections);

    /// The one that was used last is used first, as pools do, so that the others can expire.
    [[nodiscard]] PoolResult play(const Pool& pool) const;
    /// Without a pool: open at the same time, at the worst moment.
    [[nodiscard]] std::uint64_t most_open() const;
    /// That made more than one connection.
    [[nodiscard]] bool some_process_made_several() const { return several_; }

  private:
    struct Step {
        std::uint64_t at_ns;
        std::uint32_t process; // an index
        bool opens;            // at the same moment a close comes first: its connection can be used
        bool returns;          // a close after which it can be used
        bool operator<(const Step& other) const {
            return at_ns != other.at_ns ? at_ns < other.at_ns : opens < other.opens;
        }
    };
    struct Process {
        std::uint64_t connections = 0;
        std::uint64_t first_ns = 0;
        std::uint64_t last_ns = 0;
        std::uint64_t longest_gap_ns = 0;
        bool is_over = false; // its last step was the last thing that it did
        std::size_t last_step = 0;
    };
    void find_ends();

    std::vector<Step> steps_;
    std::vector<Process> processes_;
    bool several_ = false;
};

} // namespace twtrace::whatif
