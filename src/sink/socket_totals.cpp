#include "sink/socket_totals.h"

#include <cctype>
#include <iterator>
#include <numeric>

#include <fmt/format.h>

namespace twtrace {

namespace {

std::uint64_t sum(const SocketTotals& totals) {
    return std::accumulate(totals.by_state.begin(), totals.by_state.end(), std::uint64_t{0});
}

// The totals as in `ss -s` first, then those of netstat | awk.
void append_table(const SocketTotals& totals, std::string& out) {
    auto to = std::back_inserter(out);
    fmt::format_to(to,
                   "\n{} time-wait sockets: {} in TIME_WAIT, {} in FIN_WAIT2; {} network "
                   "namespace{}\n",
                   totals.time_wait(), totals.by_state[number_of(TcpState::TimeWait)],
                   totals.fin_wait2_minisocks, totals.namespaces,
                   totals.namespaces == 1 ? "" : "s");
    fmt::format_to(to, "All TCP sockets: {}", sum(totals));
    const char* before = " (";
    for (std::size_t state = 0; state < totals.by_state.size(); ++state) {
        if (totals.by_state[state] == 0)
            continue;
        fmt::format_to(to, "{}{} {}", before, tcp_state_names[state], totals.by_state[state]);
        before = ", ";
    }
    out += sum(totals) == 0 ? "\n" : ")\n";
}

std::string lower_case(std::string_view name) {
    std::string lower;
    for (const char letter : name)
        lower += static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    return lower;
}

void append_json(const SocketTotals& totals, std::string& out) {
    auto to = std::back_inserter(out);
    fmt::format_to(to,
                   R"({{"type":"totals","namespaces":{},"time_wait_sockets":{},)"
                   R"("fin_wait2_minisocks":{},"tcp_sockets":{},"states":{{)",
                   totals.namespaces, totals.time_wait(), totals.fin_wait2_minisocks, sum(totals));
    for (std::size_t state = 1; state < totals.by_state.size(); ++state)
        fmt::format_to(to, "{}\"{}\":{}", state == 1 ? "" : ",", lower_case(tcp_state_names[state]),
                       totals.by_state[state]);
    out += "}}\n";
}

} // namespace

void append_socket_totals(const SocketTotals& totals, Format format, std::string& out) {
    switch (format) {
    case Format::Table:
        return append_table(totals, out);
    case Format::Json:
        return append_json(totals, out);
    case Format::Csv:
        return;
    }
}

} // namespace twtrace
