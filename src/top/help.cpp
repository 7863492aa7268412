#include "top/view.h"

namespace twtrace {

std::vector<Line> help_page() {
    static constexpr const char* lines[] = {
        "*twtrace top: who closes into TIME_WAIT, towards which peer, and how fast",
        "",
        "*Keys",
        "  up down j k PgUp PgDn Home End   move",
        "  Enter     open a group: its peers, lifetimes, recent closes; Esc goes back",
        "  s S       sort by the next or previous column",
        "  g G       group by the next or previous of process, service, container,",
        "            peer, listener, network namespace",
        "  f /       show only rows that contain a text: a name, pid, peer or role",
        "  p space   pause: the screen is frozen, counting continues",
        "  h ?       this page; q quit",
        "",
        "*Keys of a recording (--from)",
        "  left right   a second back, forward   [ ]   a minute back, forward",
        "  + -          faster, slower           t     go to a time: 03:12, -15m",
        "",
        "*Columns",
        "  PID       or xN: N processes of one name and one parent, each with few closes",
        "  RATE/s    entries into TIME_WAIT a second, over the last 5 seconds or since a",
        "            burst began",
        "  %         its share of all of them",
        "  TW NOW    estimate of its sockets in TIME_WAIT now: its entries of the last",
        "            60 s, scaled to what the kernel counts in the network namespace",
        "  PORTS     share of the ephemeral ports taken towards its worst peer",
        "  LIFE      median lifetime of its connections, ESTABLISHED to the close",
        "  TOP PEER  the peer of most of its connections, with the listening port",
        "",
        "*What to change",
        "  client    it connected and closed first: keep-alive or a connection pool",
        "  server    it closes on its clients: its keep-alive timeout, its limit of",
        "            requests per connection, Connection: close",
        "  twtrace doctor also checks this host's settings.",
    };
    std::vector<Line> page;
    for (const std::string_view line : lines)
        page.push_back(line.starts_with('*') ? Line{{std::string(line.substr(1)), Style::Title}}
                                             : Line{{std::string(line)}});
    return page;
}

} // namespace twtrace
