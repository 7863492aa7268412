#include "filter/filter.h"

#include <algorithm>

namespace twtrace {

bool Filter::passes(const Event& event) const {
    const auto is = [](auto wanted) { return [wanted](auto one) { return one == wanted; }; };
    if (!pids.empty() && std::none_of(pids.begin(), pids.end(), is(event.task.pid)))
        return false;
    if (!comm.empty() && event.task.comm() != comm)
        return false;
    if (local_ports.any && !local_ports.contains(event.local_port))
        return false;
    if (remote_ports.any && !remote_ports.contains(event.remote_port))
        return false;
    if (family != 0 && event.local.family != family)
        return false;
    return netns.empty() || std::any_of(netns.begin(), netns.end(), is(event.netns));
}

} // namespace twtrace
