#include "top/view.h"

namespace twtrace {

std::vector<Line> help_page() {
    static constexpr const char* lines[] = {
        "*twtrace top: who closes into TIME_WAIT, on whom, how fast, is it a problem",
        "",
        "*Keys",
        "  up down j k PgUp PgDn Home End   move",
        "  Enter     open a group: its peers, lifetimes, recent closes; Esc goes back",
        "  s S       sort by the next, the previous column",
        "  g G       group by the next, the previous of process, service, container,",
        "            peer, listener, network namespace",
        "  f /       show only what contains some text: a name, pid, peer or role",
        "  p space   pause: the picture stands still, counting goes on",
        "  h ?       this page; q quit",
        "",
        "*Keys of a recording (--from)",
        "  left right   a second back, on        [ ]   a minute back, on",
        "  + -          faster, slower           t     go to a time: 03:12, -15m",
        "",
        "*Columns",
        "  PID       or xN: N processes of one name and one parent, each with few closes",
        "  RATE/s    entries into TIME_WAIT a second, over the last 5 seconds or since a",
        "            burst began",
        "  %         its share of all of them",
        "  TW NOW    estimate of its sockets in TIME_WAIT now: its entries of the last",
        "            60 s, scaled to what the kernel counts in the network namespace",
        "  PORTS     the ephemeral ports taken towards its worst peer, of those there are",
        "  LIFE      half of its connections lived shorter, ESTABLISHED to the close",
        "  TOP PEER  where most of its connections go, with the port that is listened on",
        "",
        "*What to change",
        "  client    it connected and closed first: keep-alive or a connection pool",
        "  server    it closes on its clients: its keep-alive timeout, its limit of",
        "            requests a connection, Connection: close",
        "  twtrace doctor looks at this host's settings too.",
    };
    std::vector<Line> page;
    for (const std::string_view line : lines)
        page.push_back(line.starts_with('*') ? Line{{std::string(line.substr(1)), Style::Title}}
                                             : Line{{std::string(line)}});
    return page;
}

} // namespace twtrace
