#include "privilege/landlock.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util/fd.h"

namespace twtrace {

namespace {

constexpr std::uint64_t reading = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t writing =
    LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE;
// Rights of the first version: later versions add rights to change files that are open for writing.
constexpr std::uint64_t handled =
    reading | writing | LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
    LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_SOCK |
    LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;

tl::unexpected<Error> refused() {
    return fail(fmt::format("files are not confined: Landlock: {}", std::strerror(errno)));
}

// A right that exists only for directories is an error for a file (landlock_append_fs_rule()).
bool allow_beneath(const Fd& rules, const std::string& path, std::uint64_t rights) {
    const Fd file(open(path.c_str(), O_PATH | O_CLOEXEC));
    struct stat status {};
    if (!file || fstat(file.get(), &status) != 0)
        return errno == ENOENT || errno == EACCES;
    landlock_path_beneath_attr rule{};
    rule.allowed_access =
        S_ISDIR(status.st_mode)
            ? rights
            : rights & (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE);
    rule.parent_fd = file.get();
    return syscall(SYS_landlock_add_rule, rules.get(), LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
}

} // namespace

int landlock_version() {
    const long version =
        syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return version > 0 ? static_cast<int>(version) : 0;
}

Result<void> confine_to_files(const Duties& duties) {
    landlock_ruleset_attr attributes{};
    attributes.handled_access_fs = handled;
    const Fd rules(
        static_cast<int>(syscall(SYS_landlock_create_ruleset, &attributes, sizeof(attributes), 0)));
    if (!rules)
        return refused();
    for (const std::string& path : duties.readable)
        if (!allow_beneath(rules, path, reading))
            return refused();
    for (const std::string& path : duties.writable)
        if (!allow_beneath(rules, path, reading | writing))
            return refused();
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        syscall(SYS_landlock_restrict_self, rules.get(), 0) != 0)
        return refused();
    return {};
}

} // namespace twtrace
