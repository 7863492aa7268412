#include "account/namespace_watch.h"

#include <algorithm>

#include "account/namespaces.h"
#include "account/net_files.h"
#include "source/enter_namespace.h"

namespace twtrace {

namespace {

std::optional<NetSettings> settings_in(const NamespaceFile& file) {
    std::optional<NetSettings> settings;
    const auto entered = in_namespace(file, [&] { settings = read_net_settings(); });
    return entered && *entered == Entered::Yes ? settings : std::nullopt;
}

// A process's directory gives access without a privilege; a bind mount has to be entered.
std::optional<SockStat> counts_in(const NamespaceFile& file) {
    constexpr std::string_view of_process = "/ns/net";
    if (file.path.ends_with(of_process) && leads_into(file))
        return read_sockstat(file.path.substr(0, file.path.size() - of_process.size()) + "/net");
    std::optional<SockStat> counts;
    const auto entered =
        in_namespace(file, [&] { counts = read_sockstat("/proc/thread-self/net"); });
    return entered && *entered == Entered::Yes ? counts : std::nullopt;
}

} // namespace

bool NamespaceWatch::wanted(std::uint32_t inode) const {
    return chosen_.empty() || std::find(chosen_.begin(), chosen_.end(), inode) != chosen_.end();
}

void NamespaceWatch::find() {
    files_ = find_namespace_files();
    std::erase_if(files_, [this](const auto& file) { return !wanted(file.first); });
    std::erase_if(views_, [this](const auto& view) { return !files_.contains(view.first); });
    for (const auto& [inode, path] : files_)
        views_[inode].settings = settings_in({inode, path});
}

void NamespaceWatch::count() {
    for (const auto& [inode, path] : files_)
        views_[inode].counts = counts_in({inode, path});
}

} // namespace twtrace
