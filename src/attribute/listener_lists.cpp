#include "attribute/listener_lists.h"

#include <optional>
#include <vector>

#include "attribute/net_text.h"
#include "source/enter_namespace.h"
#include "source/sockets.h"
#include "util/cpu_time.h"

namespace twtrace {

namespace {

std::optional<std::vector<TcpSocket>> dump_listeners() {
    std::vector<TcpSocket> all;
    auto dump = SocketDump::open();
    if (!dump || !dump->dump(mask_of(TcpState::Listen), [&](const TcpSocket& listener) {
            all.push_back(listener);
            return true;
        }))
        return std::nullopt;
    return all;
}

} // namespace

// inet_diag reads the kernel's table of listeners only. /proc/PID/net/tcp reads the table of all
// sockets of the host too, but needs no CAP_SYS_ADMIN.
void ListenerLists::add(std::uint32_t netns, const std::string& process, ListenerTable& listeners) {
    if (!add_by_inet_diag(netns, process, listeners))
        each_listener(process + "/net", [&](const TcpSocket& one) { listeners.add(one); });
}

// False: not possible.
bool ListenerLists::add_by_inet_diag(std::uint32_t netns, const std::string& process,
                                     ListenerTable& listeners) {
    const bool own = netns == current_namespace();
    if (no_inet_diag_ || (!own && may_not_enter_))
        return false;
    std::optional<std::vector<TcpSocket>> all;
    const auto entered = in_namespace({netns, process + "/ns/net"}, [&] {
        const std::uint64_t before_ns = thread_cpu_now_ns();
        all = dump_listeners();
        cpu_ns_ += own ? 0 : thread_cpu_now_ns() - before_ns;
    });
    if (!entered)
        return false;
    if (*entered == Entered::Gone)
        return true;
    if (*entered == Entered::Forbidden) {
        may_not_enter_ = !may_enter_namespaces();
        return false;
    }
    no_inet_diag_ = !all;
    for (const TcpSocket& listener : all.value_or(std::vector<TcpSocket>{}))
        listeners.add(listener);
    return all.has_value();
}

} // namespace twtrace
