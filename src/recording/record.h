// The records of a recording. Events come by the thousand per second and have a binary form
// (event_codec.h); all other records come at most once a second and are JSON, so that later
// versions can extend them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "account/accounting.h"
#include "account/conntrack.h"
#include "account/net_settings.h"
#include "account/sockstat.h"
#include "model/event.h"
#include "ports/port_use.h"

namespace twtrace {

/// A record is its kind, its length (both varints) and that many bytes. A reader skips unknown
/// kinds.
enum class RecordKind : std::uint64_t {
    Event = 1,   ///< of version 1, as is Counted
    Counted = 2, ///< an event and how often the kernel side counted it
    Address = 3, ///< these fill the tables that events of the block refer to
    Task = 4,
    Owner = 5,
    Text = 6,
    Context = 7,     ///< what many events have in common: closer, network namespace, kind
    Clock = 8,       ///< wall clock minus CLOCK_MONOTONIC, for the events that follow
    PackedEvent = 9, ///< an event or a count, since version 2
    Start = 16,      ///< this and the following kinds are JSON
    Namespace = 17,
    Sockets = 18,
    Checkpoint = 19,
    Sample = 20,
    Ports = 21,
    End = 22,
    Conntrack = 23,
};

/// The start of a run of the recorder: the first record of each segment.
struct RunStart {
    std::string program; ///< version of twtrace
    std::string host;
    std::string kernel;
    std::string boot_id;        ///< CLOCK_MONOTONIC counts from this boot
    std::uint64_t run = 0;      ///< random: segments of one run have the same
    std::uint64_t start_ns = 0; ///< CLOCK_MONOTONIC
    std::uint64_t start_wall_ns = 0;
    bool filtered = false; ///< some events were left out
    bool ends = false;     ///< the ends of TIME_WAITs are recorded
};

/// A network namespace and its settings; repeated when they change, and in each block.
struct NamespaceRecord {
    std::uint32_t inode = 0;
    std::string name;
    std::string enter; ///< prefix of a command that has to run there; empty: none is needed
    std::optional<NetSettings> settings;
};

/// Sockets that existed at the start of the run, in TIME_WAIT or FIN_WAIT2 without a process.
struct PresentSocket {
    std::uint32_t netns = 0;
    Address local;
    Address remote;
    std::uint16_t local_port = 0;
    std::uint16_t remote_port = 0;
    bool fin_wait2 = false;
    Role role = Role::Unknown;
    std::uint32_t remaining_ms = 0;
    std::string service; ///< its closer, if a tracer with --journal saw the close
};

/// Once a second: all events up to at_ns (CLOCK_MONOTONIC) precede it in the recording.
struct RunSample {
    std::uint64_t at_ns = 0;
    std::uint64_t wall_ns = 0;
    Accounting::Inputs inputs;          ///< since the run began; the writer sets `unwritten`
    std::uint64_t unwritten_events = 0; ///< of any type, since the run began
    std::uint64_t ends_lost = 0;
    std::uint64_t ends_untracked = 0;
    std::map<std::uint32_t, SockStat> namespaces; ///< only those that changed
};

/// The ports of one namespace, counted from the existing sockets.
struct PortsRecord {
    std::uint64_t at_ns = 0;
    std::uint32_t netns = 0;
    bool counted = false; ///< false: too few sockets to run out of ports
    std::vector<PortUse> ports;
    std::uint64_t destinations = 0;
    std::vector<AddressPorts> addresses;
    std::uint64_t overflow = 0;           ///< increase of TCPTimeWaitOverflow since the run began
    std::vector<std::uint16_t> listeners; ///< listening ports, ascending
    bool listeners_known = false;         ///< false: listeners may be incomplete

    bool operator==(const PortsRecord&) const = default;
};

/// Connection tracking of one namespace: its counters since boot. None if nothing is tracked.
struct ConntrackRecord {
    std::uint32_t netns = 0;
    Conntrack counts;
};

/// Receives the records; ignores a kind unless overridden. References are valid only during the
/// call.
class RecordVisitor {
  public:
    virtual ~RecordVisitor() = default;
    virtual void event(const Event& /*event*/) {}
    virtual void counted(const Event& /*event*/, std::uint64_t /*times*/) {}
    virtual void start(const RunStart& /*start*/) {}
    virtual void netns(const NamespaceRecord& /*record*/) {}
    virtual void sockets(const std::vector<PresentSocket>& /*sockets*/) {}
    /// Events after at_ns may follow.
    virtual void checkpoint(std::uint64_t /*at_ns*/) {}
    virtual void sample(const RunSample& /*sample*/) {}
    virtual void ports(const PortsRecord& /*record*/) {}
    virtual void conntrack(const ConntrackRecord& /*record*/) {}
    /// The run ended normally.
    virtual void end(const RunSample& /*last*/) {}
};

} // namespace twtrace
