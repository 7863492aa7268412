#include "command/invoking_user.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include "util/text.h"

namespace twtrace {

namespace {

struct KnownUser {
    UserEntry entry;
    gid_t gid = 0;
};

std::optional<KnownUser> look_up(uid_t uid) {
    std::vector<char> buffer(16384);
    passwd entry{};
    passwd* found = nullptr;
    if (getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr)
        return std::nullopt;
    return KnownUser{{entry.pw_name, entry.pw_dir, entry.pw_shell}, entry.pw_gid};
}

std::vector<gid_t> groups_of(const std::string& name, gid_t gid) {
    int count = 64;
    std::vector<gid_t> groups(static_cast<std::size_t>(count));
    while (getgrouplist(name.c_str(), gid, groups.data(), &count) < 0) {
        if (static_cast<std::size_t>(count) <= groups.size())
            return {gid};
        groups.resize(static_cast<std::size_t>(count));
    }
    groups.resize(static_cast<std::size_t>(count));
    return groups;
}

// None: the variable is not set.
Result<std::optional<std::uint32_t>> number_of(const char* variable) {
    const char* text = std::getenv(variable);
    if (text == nullptr)
        return std::nullopt;
    std::uint32_t number = 0;
    const char* end = text + std::strlen(text);
    const auto parsed = std::from_chars(text, end, number);
    if (parsed.ec != std::errc{} || parsed.ptr != end)
        return fail(
            fmt::format("cannot determine the user to run the command as: {} is '{}', not a "
                        "number; unset SUDO_UID and SUDO_GID to run it as root",
                        variable, printable(text)));
    return number;
}

std::vector<std::string> own_environment() {
    std::vector<std::string> all;
    for (char** variable = environ; *variable != nullptr; ++variable)
        all.emplace_back(*variable);
    return all;
}

} // namespace

std::vector<std::string> environment_of(const std::vector<std::string>& given,
                                        const UserEntry& root, const UserEntry& caller) {
    const std::pair<std::string, std::string> changes[] = {
        {"HOME=" + root.home, "HOME=" + caller.home},
        {"USER=" + root.name, "USER=" + caller.name},
        {"LOGNAME=" + root.name, "LOGNAME=" + caller.name},
        {"SHELL=" + root.shell, "SHELL=" + caller.shell},
        {"MAIL=/var/mail/" + root.name, "MAIL=/var/mail/" + caller.name},
    };
    std::vector<std::string> result;
    for (const std::string& variable : given) {
        if (variable.starts_with("SUDO_"))
            continue;
        const auto* change = std::find_if(std::begin(changes), std::end(changes),
                                          [&](const auto& row) { return row.first == variable; });
        result.push_back(change == std::end(changes) ? variable : change->second);
    }
    return result;
}

Result<InvokingUser> invoking_user() {
    InvokingUser user{std::nullopt, own_environment()};
    if (geteuid() != 0)
        return user;
    const auto uid = number_of("SUDO_UID");
    const auto gid = number_of("SUDO_GID");
    if (!uid || !gid)
        return tl::unexpected((uid ? gid : uid).error());
    if (!*uid || **uid == 0)
        return user;
    const auto caller = look_up(**uid);
    Identity identity;
    identity.uid = **uid;
    if (!*gid && !caller)
        return fail(fmt::format("cannot determine the group to run the command with: user {} is "
                                "unknown, and SUDO_GID is not set",
                                identity.uid));
    identity.gid = *gid ? **gid : caller->gid;
    identity.groups =
        caller ? groups_of(caller->entry.name, identity.gid) : std::vector<gid_t>{identity.gid};
    if (const auto root = look_up(0); root && caller)
        user.environment = environment_of(user.environment, root->entry, caller->entry);
    user.identity = std::move(identity);
    return user;
}

} // namespace twtrace
