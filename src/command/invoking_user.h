// Who the command is run as that twtrace watches: whoever called sudo, else whoever runs twtrace.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "util/result.h"

namespace twtrace {

/// Of the password database.
struct UserEntry {
    std::string name;
    std::string home;
    std::string shell;
};

struct Identity {
    uid_t uid = 0;
    gid_t gid = 0;
    std::vector<gid_t> groups; ///< supplementary ones
};

struct InvokingUser {
    std::optional<Identity> identity;     ///< none: as we are
    std::vector<std::string> environment; ///< NAME=value, all of it
};

/// Fails where SUDO_UID or SUDO_GID is no number: the command must not run as root by mistake.
Result<InvokingUser> invoking_user();

/// The environment that sudo made for root, as its caller's: what sudo set for root (HOME, USER,
/// LOGNAME, SHELL, MAIL) is the caller's where it still has root's value, and SUDO_* is gone.
std::vector<std::string> environment_of(const std::vector<std::string>& given,
                                        const UserEntry& root, const UserEntry& caller);

} // namespace twtrace
