#include "account/net_files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "util/file.h"

namespace twtrace {

void NetFiles::open_in(const std::string& net_directory, CountedAt counted_at) {
    netstat_ = Fd(::open((net_directory + "/netstat").c_str(), O_RDONLY | O_CLOEXEC));
    if (counted_at == CountedAt::End)
        sockstat_ = Fd(::open((net_directory + "/sockstat").c_str(), O_RDONLY | O_CLOEXEC));
}

NetFiles NetFiles::open(const NamespaceFile& file, CountedAt counted_at) {
    constexpr std::string_view of_process = "/ns/net";
    NetFiles files;
    if (file.path.ends_with(of_process)) {
        files.open_in(file.path.substr(0, file.path.size() - of_process.size()) + "/net",
                      counted_at);
        // The process may have moved to another namespace since it was found.
        return leads_into(file) ? std::move(files) : NetFiles();
    }
    const auto entered =
        in_namespace(file, [&] { files.open_in("/proc/thread-self/net", counted_at); });
    return entered && *entered == Entered::Yes ? std::move(files) : NetFiles();
}

std::optional<TcpCounters> NetFiles::read() const {
    const auto text = netstat_ ? read_again(netstat_) : std::nullopt;
    auto counters = text ? parse_netstat(*text) : std::nullopt;
    if (counters && sockstat_)
        counters->present = parse_sockstat_tw(read_again(sockstat_).value_or(""));
    return counters;
}

bool leads_into(const NamespaceFile& file) {
    struct stat status {};
    return stat(file.path.c_str(), &status) == 0 && status.st_ino == file.inode;
}

} // namespace twtrace
