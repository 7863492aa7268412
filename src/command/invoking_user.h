// The user that the watched command runs as: the caller of sudo, else the user of twtrace.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "util/result.h"

namespace twtrace {

/// An entry of the password database.
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
    std::optional<Identity> identity;     ///< none: unchanged
    std::vector<std::string> environment; ///< NAME=value, the complete environment
};

/// Fails if SUDO_UID or SUDO_GID is not a number: the command must not run as root by mistake.
Result<InvokingUser> invoking_user();

/// Restores the caller's environment from the one that sudo created for root: variables that it set
/// (HOME, USER, LOGNAME, SHELL, MAIL) get the caller's value if they still have root's, and SUDO_*
/// is removed.
std::vector<std::string> environment_of(const std::vector<std::string>& given,
                                        const UserEntry& root, const UserEntry& caller);

} // namespace twtrace
