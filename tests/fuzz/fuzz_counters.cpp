// /proc/PID/net/netstat and sockstat with any content.
#include "account/tcp_counters.h"
#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace twtrace;
    const std::string_view text = fuzz::text_of(data, size);
    if (const auto counters = parse_netstat(text))
        fuzz::require(text.find("TcpExt: ") != std::string_view::npos);
    if (parse_sockstat_tw(text) != 0)
        fuzz::require(text.find(" tw ") != std::string_view::npos);
    return 0;
}
