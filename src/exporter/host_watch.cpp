#include "exporter/host_watch.h"

#include <sys/utsname.h>

#include "account/net_settings.h"

namespace twtrace {

namespace {

// The search for namespaces walks /proc; their counters are read at each scrape.
constexpr std::chrono::seconds read_every{10};

template <typename Value>
void add_known(std::optional<Value>& sum, const std::optional<Value>& more) {
    if (more)
        sum = sum.value_or(0) + *more;
}

} // namespace

HostWatch::HostWatch(std::vector<std::uint32_t> chosen, std::vector<pid_t> children)
    : watch_(std::move(chosen)), children_(std::move(children)) {
    utsname system{};
    if (uname(&system) == 0)
        kernel_ = system.release;
}

ObservedHost HostWatch::read() {
    const auto now = std::chrono::steady_clock::now();
    if (!read_at_ || now - *read_at_ >= read_every) {
        read_at_ = now;
        watch_.find();
        rules_.clear();
        for (const auto& [inode, view] : watch_.views())
            if (view.settings)
                rules_[inode] = port_rules_of(*view.settings);
    }
    watch_.count();
    ObservedHost host;
    for (const auto& [inode, view] : watch_.views()) {
        ObservedNamespace& space = host.namespaces[names_.table_name(inode)];
        if (view.counts)
            add_known(space.time_wait, std::optional(view.counts->time_wait));
        if (view.settings)
            add_known(space.limit, view.settings->max_tw_buckets);
    }
    host.rules = rules_;
    host.self = self_usage(children_);
    host.kernel = kernel_;
    return host;
}

} // namespace twtrace
