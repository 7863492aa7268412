// /proc/PID/net/netstat, sockstat and stat/nf_conntrack, and /proc/PID/timens_offsets, with any
// content.
#include "account/conntrack.h"
#include "account/tcp_counters.h"
#include "fuzz.h"
#include "util/time_namespace.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace twtrace;
    const std::string_view text = fuzz::text_of(data, size);
    if (const auto counters = parse_netstat(text))
        fuzz::require(text.find("TcpExt: ") != std::string_view::npos);
    if (parse_sockstat_tw(text) != 0)
        fuzz::require(text.find(" tw ") != std::string_view::npos);
    for (const char* column : {"insert_failed", "drop", "early_drop"})
        if (sum_of_column(text, column) != 0)
            fuzz::require(text.find(column) != std::string_view::npos);
    const TimeOffsets offsets = parse_time_offsets(text);
    if (offsets.monotonic_ns != 0)
        fuzz::require(text.find("monotonic") != std::string_view::npos);
    if (offsets.boottime_ns != 0)
        fuzz::require(text.find("boottime") != std::string_view::npos);
    return 0;
}
