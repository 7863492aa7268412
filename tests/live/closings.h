// The kinds of closing, in one table: how each is made, and the expected events.
#pragma once

#include <string>
#include <vector>

#include "expected.h"
#include "sockets.h"

namespace live {

/// Who closed which end, and whether the expected outcome is certain.
struct Closers {
    Task active = current_task();
    Task passive = current_task();
    bool doubtful = false;
};

struct ClosingKind {
    std::string name;
    Closers (*run)(Connection&);
    Outcome active;
    Outcome passive;
    bool needs_slow_lane = false;
    bool slow = false; ///< takes a second or more: rare in a mixture
};

const std::vector<ClosingKind>& closing_kinds();
const ClosingKind& closing_kind(const std::string& name);

/// Makes one connection, closes it in this way, waits until the kernel has finished, and returns
/// every event that must be reported.
std::vector<Expected> run_closing(const ClosingKind& kind, Family family, Role active);

// closings_orderly.cpp
Closers close_then_peer_closes_at_once(Connection& c);
Closers close_then_peer_acks_and_closes_later(Connection& c);
Closers close_and_peer_vanishes(Connection& c);
Closers shutdown_then_peer_closes(Connection& c);
Closers shutdown_then_peer_sends_more(Connection& c);
Closers shutdown_both_ways(Connection& c);
Closers shutdown_then_close_in_fin_wait1(Connection& c);
Closers shutdown_then_close_in_fin_wait2(Connection& c);
Closers fin_reaches_full_orphan(Connection& c);
Closers full_orphan_times_out(Connection& c);
Closers short_fin_wait2(Connection& c);
Closers simultaneous(Connection& c);
Closers crossing(Connection& c);

// closings_abort.cpp
Closers rst_in_fin_wait1(Connection& c);
Closers rst_in_fin_wait2(Connection& c);
Closers rst_kills_minisock(Connection& c);
Closers linger2_negative(Connection& c);
Closers linger2_negative_close_in_fin_wait2(Connection& c);
Closers data_in_fin_wait1(Connection& c);
Closers data_with_the_ack(Connection& c);
Closers data_reaches_full_orphan(Connection& c);
Closers data_reaches_minisock(Connection& c);
Closers disconnect_in_fin_wait2(Connection& c);
Closers destroyed_in_fin_wait2(Connection& c);
Closers unread_data(Connection& c);
Closers linger_zero(Connection& c);

// closings_process.cpp
Closers exit_with_open_socket(Connection& c);
Closers killed_with_open_socket(Connection& c);
Closers close_as_other_user(Connection& c);
Closers close_with_hostile_name(Connection& c);
Closers close_by_thread(Connection& c);
Closers close_of_passed_fd(Connection& c);
Closers close_of_inherited_fd(Connection& c);
Closers passive_end_exits(Connection& c);

/// The peer has read the FIN and acknowledged it.
void peer_acknowledges(Connection& c);
/// As above, and the orphan that close() left behind is a minisock in FIN_WAIT2.
void peer_acknowledges_orphan(Connection& c);

} // namespace live
