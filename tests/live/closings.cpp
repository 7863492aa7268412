#include "closings.h"

#include <algorithm>
#include <random>

#include "errors.h"

namespace live {

namespace {

const Outcome none;
const Outcome aborted_by_close{"aborted", "", "close", Counted::No};
const Outcome aborted_by_shutdown{"aborted", "", "shutdown", Counted::No};

Outcome time_wait(const std::string& how) {
    return {"time_wait", "time_wait", how, Counted::Tw};
}
Outcome fin_wait2(const std::string& how) {
    return {"time_wait", "fin_wait2", how, Counted::Tw};
}
Outcome fin_wait2_and_reset() {
    return {"time_wait", "fin_wait2", "close", Counted::Tw, true};
}
Outcome short_fin_wait2_outcome() {
    return {"time_wait", "fin_wait2", "close", Counted::TwKilled};
}
Outcome passive_close(const std::string& how) {
    return {"passive_close", "", how, Counted::No};
}

// Each kind of close and the events that it must give. An end that its own process resets
// is an aborted close; an end that the peer resets gives no event.
std::vector<ClosingKind> make_table() {
    const Outcome closed = passive_close("close");
    return {
        {"close_then_peer_closes_at_once", close_then_peer_closes_at_once, time_wait("close"),
         closed},
        {"close_then_peer_acks_and_closes_later", close_then_peer_acks_and_closes_later,
         fin_wait2("close"), closed},
        {"close_and_peer_vanishes", close_and_peer_vanishes, fin_wait2("close"), aborted_by_close},
        {"shutdown_then_peer_closes", shutdown_then_peer_closes, time_wait("shutdown"), closed},
        {"shutdown_then_peer_sends_more", shutdown_then_peer_sends_more, time_wait("shutdown"),
         closed},
        {"shutdown_both_ways", shutdown_both_ways, time_wait("shutdown"), closed},
        {"shutdown_then_close_in_fin_wait1", shutdown_then_close_in_fin_wait1,
         fin_wait2("shutdown"), closed},
        {"shutdown_then_close_in_fin_wait2", shutdown_then_close_in_fin_wait2,
         fin_wait2("shutdown"), closed},
        {"fin_reaches_full_orphan", fin_reaches_full_orphan, time_wait("close"), closed},
        {"full_orphan_times_out", full_orphan_times_out, short_fin_wait2_outcome(),
         aborted_by_close, false, true},
        {"short_fin_wait2", short_fin_wait2, short_fin_wait2_outcome(), closed},
        {"simultaneous", simultaneous, time_wait("close"), time_wait("close"), true},
        {"crossing", crossing, fin_wait2("close"), time_wait("close")},

        {"rst_in_fin_wait1", rst_in_fin_wait1, aborted_by_close, aborted_by_close},
        {"rst_in_fin_wait2", rst_in_fin_wait2, aborted_by_shutdown, aborted_by_close},
        {"rst_kills_minisock", rst_kills_minisock, fin_wait2_and_reset(), aborted_by_close},
        {"linger2_negative", linger2_negative, aborted_by_close, none},
        {"linger2_negative_close_in_fin_wait2", linger2_negative_close_in_fin_wait2,
         aborted_by_shutdown, none},
        {"data_in_fin_wait1", data_in_fin_wait1, aborted_by_close, none},
        {"data_with_the_ack", data_with_the_ack, aborted_by_close, none},
        {"data_reaches_full_orphan", data_reaches_full_orphan, aborted_by_close, none},
        {"data_reaches_minisock", data_reaches_minisock, fin_wait2_and_reset(), none},
        {"disconnect_in_fin_wait2", disconnect_in_fin_wait2, aborted_by_shutdown, none},
        {"destroyed_in_fin_wait2", destroyed_in_fin_wait2, aborted_by_shutdown, none},
        {"unread_data", unread_data, aborted_by_close, none},
        {"linger_zero", linger_zero, aborted_by_close, none},

        {"exit_with_open_socket", exit_with_open_socket, fin_wait2("exit"), closed},
        {"killed_with_open_socket", killed_with_open_socket, fin_wait2("exit"), closed},
        {"close_as_other_user", close_as_other_user, fin_wait2("close"), closed},
        {"close_with_hostile_name", close_with_hostile_name, fin_wait2("close"), closed},
        {"close_by_thread", close_by_thread, fin_wait2("close"), closed},
        {"close_of_passed_fd", close_of_passed_fd, fin_wait2("close"), closed},
        {"close_of_inherited_fd", close_of_inherited_fd, fin_wait2("close"), closed},
        {"passive_end_exits", passive_end_exits, fin_wait2("close"), passive_close("exit")},
    };
}

bool finished(const Connection& c, const End& end) {
    const DiagState state = diag_state(c, end);
    return state.state == 0 || state.minisock;
}

Expected expected_of(const ClosingKind& kind, const Connection& c, const End& end,
                     const Outcome& outcome, const Task& task) {
    Expected event;
    event.kind = kind.name;
    event.outcome = outcome;
    event.task = task;
    event.role = end.role == Role::Client ? "client" : "server";
    event.family = c.family == Family::V6 ? 6 : 4;
    event.local = end.local;
    event.remote = end.remote;
    event.bytes_sent = end.bytes_sent;
    event.bytes_received = end.bytes_received;
    return event;
}

} // namespace

const std::vector<ClosingKind>& closing_kinds() {
    static const std::vector<ClosingKind> kinds = make_table();
    return kinds;
}

const ClosingKind& closing_kind(const std::string& name) {
    const auto& kinds = closing_kinds();
    const auto found = std::find_if(kinds.begin(), kinds.end(),
                                    [&](const ClosingKind& kind) { return kind.name == name; });
    check(found != kinds.end(), "no closing kind " + name);
    return *found;
}

std::vector<Expected> run_closing(const ClosingKind& kind, Family family, Role active) {
    // The payload differs between connections, so that mixed-up counts are detected.
    static std::minstd_rand sizes(static_cast<unsigned>(getpid()));
    std::uniform_int_distribution<std::uint64_t> size(1, 3000);
    Connection c = connect_pair(family, active);
    c.active.send_all_to(c.passive, size(sizes));
    c.passive.send_all_to(c.active, size(sizes));
    const Closers closers = kind.run(c);
    c.active.close();
    c.passive.close();
    await(kind.name + " to be over",
          [&] { return finished(c, c.active) && finished(c, c.passive); });
    std::vector<Expected> events;
    if (!kind.active.type.empty()) {
        events.push_back(expected_of(kind, c, c.active, kind.active, closers.active));
        events.back().doubtful = closers.doubtful;
        events.back().active = true;
    }
    if (!kind.passive.type.empty()) {
        events.push_back(expected_of(kind, c, c.passive, kind.passive, closers.passive));
        events.back().doubtful = closers.doubtful;
    }
    return events;
}

} // namespace live
