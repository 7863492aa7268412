#include "account/open_namespaces.h"

#include <fmt/format.h>

#include "account/namespaces.h"
#include "source/enter_namespace.h"
#include "util/descriptors.h"

namespace twtrace {

namespace {

constexpr std::string_view no_privilege =
    "cannot enter other network namespaces: CAP_SYS_ADMIN is missing; run twtrace with sudo, or "
    "with --netns /proc/self/ns/net for this namespace only";

// Runs inside the namespace. Empty: the error is in the result.
Result<OpenNamespace> open_here(std::uint32_t inode) {
    auto sockets = SocketDump::open();
    if (!sockets)
        return tl::unexpected(sockets.error());
    return OpenNamespace{inode, read_sockstat("/proc/thread-self/net"), read_net_settings(),
                         read_conntrack(), *std::move(sockets)};
}

// Empty: the namespace is gone.
Result<std::optional<OpenNamespace>> open_one(const NamespaceFile& file) {
    Result<OpenNamespace> opened = fail("");
    const auto entered = in_namespace(file, [&] { opened = open_here(file.inode); });
    if (!entered)
        return tl::unexpected(entered.error());
    if (*entered == Entered::Forbidden)
        return fail(std::string(no_privilege));
    if (*entered == Entered::Gone)
        return std::nullopt;
    if (!opened)
        return in_context(fmt::format("network namespace {}", file.inode), opened.error());
    return std::optional<OpenNamespace>(*std::move(opened));
}

using Files = std::map<std::uint32_t, std::string>;

Result<Files> chosen_files(const std::vector<std::uint32_t>& chosen) {
    Files all = find_namespace_files();
    all.try_emplace(current_namespace(), "/proc/thread-self/ns/net");
    if (chosen.empty()) {
        if (!may_enter_namespaces())
            return fail(std::string(no_privilege));
        return all;
    }
    Files files;
    for (const std::uint32_t inode : chosen) {
        const auto found = all.find(inode);
        if (found == all.end())
            return fail(fmt::format("cannot find network namespace {}: no process that twtrace may "
                                    "inspect is in it, and it is not mounted; lsns -t net (with "
                                    "sudo) lists the existing ones",
                                    inode));
        files.insert(*found);
    }
    return files;
}

} // namespace

Result<std::vector<OpenNamespace>> open_namespaces(const std::vector<std::uint32_t>& chosen) {
    const auto files = chosen_files(chosen);
    if (!files)
        return tl::unexpected(files.error());
    allow_many_descriptors();
    std::vector<OpenNamespace> open;
    for (const auto& [inode, path] : *files) {
        auto one = open_one({inode, path});
        if (!one)
            return tl::unexpected(one.error());
        if (*one)
            open.push_back(**std::move(one));
        else if (!chosen.empty())
            return fail(fmt::format("network namespace {} has just ended", inode));
    }
    return open;
}

} // namespace twtrace
