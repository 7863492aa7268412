#include "account/net_files.h"

#include <fcntl.h>

#include "account/namespaces.h"
#include "util/file.h"

namespace twtrace {

NetFiles NetFiles::open(std::uint32_t netns, const std::string& process, CountedAt counted_at) {
    NetFiles files;
    files.netstat_ = Fd(::open((process + "/net/netstat").c_str(), O_RDONLY | O_CLOEXEC));
    if (counted_at == CountedAt::End)
        files.sockstat_ = Fd(::open((process + "/net/sockstat").c_str(), O_RDONLY | O_CLOEXEC));
    // The process may have moved to another namespace since it was found.
    return namespace_of(process) == netns ? std::move(files) : NetFiles();
}

std::optional<TcpCounters> NetFiles::read() const {
    const auto text = netstat_ ? read_again(netstat_) : std::nullopt;
    auto counters = text ? parse_netstat(*text) : std::nullopt;
    if (counters && sockstat_)
        counters->present = parse_sockstat_tw(read_again(sockstat_).value_or(""));
    return counters;
}

} // namespace twtrace
