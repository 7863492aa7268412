#include "account/net_files.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>

#include "util/descriptors.h"
#include "util/file.h"

namespace twtrace {

namespace {

Unreadable reason_of(int error) {
    if (means_no_descriptor(error))
        return Unreadable::NoDescriptor;
    return error == EACCES || error == EPERM ? Unreadable::NotAllowed : Unreadable::Ended;
}

} // namespace

int NetFiles::open_in(const std::string& net_directory, CountedAt counted_at) {
    netstat_ = Fd(::open((net_directory + "/netstat").c_str(), O_RDONLY | O_CLOEXEC));
    if (!netstat_)
        return errno;
    if (is_reserved_descriptor(netstat_.get()))
        return EMFILE;
    if (counted_at == CountedAt::Schedule)
        return 0;
    sockstat_ = Fd(::open((net_directory + "/sockstat").c_str(), O_RDONLY | O_CLOEXEC));
    return sockstat_ ? 0 : errno;
}

tl::expected<NetFiles, Unreadable> NetFiles::open(const NamespaceFile& file, CountedAt counted_at) {
    constexpr std::string_view of_process = "/ns/net";
    NetFiles files;
    int error = 0;
    if (file.path.ends_with(of_process)) {
        error = files.open_in(file.path.substr(0, file.path.size() - of_process.size()) + "/net",
                              counted_at);
        // The process may have moved to another namespace since it was found.
        if (error == 0 && !leads_into(file))
            return tl::unexpected(Unreadable::Ended);
    } else {
        errno = 0;
        const auto entered =
            in_namespace(file, [&] { error = files.open_in("/proc/thread-self/net", counted_at); });
        if (!entered || *entered == Entered::Gone)
            return tl::unexpected(reason_of(errno));
        if (*entered == Entered::Forbidden)
            return tl::unexpected(Unreadable::NotAllowed);
    }
    if (error != 0)
        return tl::unexpected(reason_of(error));
    return files;
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
