// One event, decoded and attributed. Plain data: modules fill it in, none of them keeps it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "model/address.h"
#include "model/owner.h"
#include "twtrace/wire.h"

namespace twtrace {

enum class EventType : std::uint8_t {
    TimeWait = TWTRACE_TIME_WAIT,
    PassiveClose = TWTRACE_PASSIVE_CLOSE,
    Aborted = TWTRACE_ABORTED,
    PortExhausted = TWTRACE_PORT_EXHAUSTED,
    TimeWaitStart = TWTRACE_TIME_WAIT_START, ///< a minisock in FIN_WAIT2 got the peer's FIN
    TimeWaitEnd = TWTRACE_TIME_WAIT_END,     ///< a minisock ended
};

enum class Stage : std::uint8_t {
    None = TWTRACE_STAGE_NONE,
    TimeWait = TWTRACE_STAGE_TIME_WAIT,
    FinWait2 = TWTRACE_STAGE_FIN_WAIT2,
};

enum class How : std::uint8_t {
    Unknown = TWTRACE_HOW_UNKNOWN,
    Close = TWTRACE_HOW_CLOSE,
    Shutdown = TWTRACE_HOW_SHUTDOWN,
    Exit = TWTRACE_HOW_EXIT,
    Kernel = TWTRACE_HOW_KERNEL,
};

/// Reason of an Aborted close, of the end of a minisock, or of a PortExhausted event.
enum class Reason : std::uint8_t {
    None = TWTRACE_REASON_NONE,
    PeerReset = TWTRACE_REASON_PEER_RESET,
    LocalReset = TWTRACE_REASON_LOCAL_RESET,
    Timeout = TWTRACE_REASON_TIMEOUT,
    Overflow = TWTRACE_REASON_OVERFLOW,
    Other = TWTRACE_REASON_OTHER,
    Expired = TWTRACE_REASON_EXPIRED,
    ReusedConnect = TWTRACE_REASON_REUSED_CONNECT,
    ReusedSyn = TWTRACE_REASON_REUSED_SYN,
    Purged = TWTRACE_REASON_PURGED,
    Destroyed = TWTRACE_REASON_DESTROYED,
    PortTaken = TWTRACE_REASON_PORT_TAKEN, ///< of PortExhausted: the port that bind() had chosen
    OwnRange = TWTRACE_REASON_OWN_RANGE,   ///< of PortExhausted: IP_LOCAL_PORT_RANGE
};

enum class Role : std::uint8_t {
    Unknown = TWTRACE_ROLE_UNKNOWN,
    Client = TWTRACE_ROLE_CLIENT,
    Server = TWTRACE_ROLE_SERVER,
};

/// The closing task, with its state at the close.
struct Task {
    /// In twtrace's pid namespace; 0: not known, or not visible there.
    std::uint32_t pid = 0;
    std::uint32_t tid = 0;
    std::uint32_t uid = 0;
    std::uint32_t parent_pid = 0; ///< 0: not known, or not requested
    std::uint64_t start_boottime_ns =
        0; ///< with pid: identifies a process even if the pid is reused
    std::uint64_t cgroup_id = 0;
    std::array<char, TWTRACE_COMM_LEN> comm_bytes{};

    [[nodiscard]] bool known() const { return pid != 0 || start_boottime_ns != 0; }
    [[nodiscard]] std::string_view comm() const {
        std::string_view all(comm_bytes.data(), comm_bytes.size());
        return all.substr(0, all.find('\0'));
    }
    bool operator==(const Task&) const = default;
};

struct Event {
    EventType type = EventType::TimeWait;
    Stage stage = Stage::None;
    How how = How::Unknown;
    Role role = Role::Unknown;
    Reason reason = Reason::None;
    bool role_inferred = false;
    bool retracts =
        false; ///< Aborted: retracts the TimeWait event with the same time_ns and addresses
    bool caught = false;      ///< recovered by the catcher program
    bool port_bound = false;  ///< the local port is from bind(), not connect(); false: or not known
    bool port_chosen = false; ///< the program chose the port: bind(address, PORT)
    std::optional<bool> timestamps{}; ///< TCP timestamps were negotiated; none: not known
    bool held = false;                ///< its minisock is or was present (TimeWaitOwners)
    std::uint32_t netns = 0;          ///< inode: a later namespace may have the same number
    std::uint32_t netns_mix = 0;      ///< with `netns`: one namespace. 0: not known
    std::uint16_t local_port = 0;     ///< 0: none
    std::uint16_t remote_port = 0;
    Address local;
    Address remote;
    std::uint64_t time_ns = 0;        ///< CLOCK_MONOTONIC
    std::uint64_t wall_ns = 0;        ///< the same moment, UTC since 1970
    std::uint64_t established_ns = 0; ///< CLOCK_MONOTONIC; 0: not seen
    std::uint64_t fin_wait1_ns = 0;   ///< CLOCK_MONOTONIC; 0: not seen
    std::uint64_t entered_ns = 0;     ///< of a minisock's event: time of the entry; 0: not seen
    std::uint64_t bytes_sent = 0;
    std::uint64_t bytes_received = 0;
    Task task;
    const Owner* owner = nullptr;    ///< set by attribute; valid while the event is being handled
    std::string_view netns_name;     ///< likewise; empty: no name, or not requested
    std::string_view remote_service; ///< likewise; empty: not on this host, or not known
    std::string_view remote_name;    ///< likewise, of the address; empty: none, or not requested

    /// The id as in twtrace_netns.
    [[nodiscard]] std::uint64_t netns_id() const { return std::uint64_t{netns_mix} << 32U | netns; }
    [[nodiscard]] std::optional<std::uint64_t> lifetime_us() const {
        const std::uint64_t end = fin_wait1_ns != 0 ? fin_wait1_ns : time_ns;
        if (established_ns == 0 || end < established_ns)
            return std::nullopt;
        return (end - established_ns) / 1000;
    }
    [[nodiscard]] std::optional<std::uint64_t> close_us() const {
        if (fin_wait1_ns == 0 || time_ns < fin_wait1_ns)
            return std::nullopt;
        return (time_ns - fin_wait1_ns) / 1000;
    }
    /// Age of the minisock at the event.
    [[nodiscard]] std::optional<std::uint64_t> held_us() const {
        if (entered_ns == 0 || time_ns < entered_ns)
            return std::nullopt;
        return (time_ns - entered_ns) / 1000;
    }
    /// The event is about a minisock, not about a full socket.
    [[nodiscard]] bool of_minisock() const {
        return type == EventType::TimeWaitStart || type == EventType::TimeWaitEnd;
    }
    /// The closer's name in tables; the comm if no owner is set.
    [[nodiscard]] std::string_view service() const {
        return owner != nullptr ? std::string_view(owner->service) : task.comm();
    }
    /// The port of the listening side; 0 if the role is not known.
    [[nodiscard]] std::uint16_t service_port() const {
        if (role == Role::Client)
            return remote_port;
        return role == Role::Server ? local_port : std::uint16_t{0};
    }
};

/// Names as in docs/output.md; empty if not known.
std::string_view name_of(EventType type);
std::string_view name_of(Stage stage);
std::string_view name_of(How how);
std::string_view name_of(Role role);
std::string_view name_of(Reason reason);

} // namespace twtrace
