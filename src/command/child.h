// A command that twtrace starts, as a shell would: in the same process group, on the same terminal.
#pragma once

#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include <sys/resource.h>
#include <sys/types.h>

#include "command/invoking_user.h"
#include "util/fd.h"
#include "util/result.h"

namespace twtrace {

/// The original signals and limits of twtrace, which its command inherits. To be created before
/// twtrace changes them for itself.
class Inheritance {
  public:
    Inheritance();
    /// In the child, between fork() and exec().
    void restore() const;
    void restore_mask() const;

  private:
    sigset_t mask_{};
    struct sigaction pipe_ {};
    struct sigaction quit_ {};
    std::optional<rlimit> files_; // none: could not be read, and is left alone
    std::optional<rlimit> locked_;
};

class Child {
  public:
    /// Returns when the command runs. Errors carry the exit status of a shell: 127 if there is no
    /// such command, 126 if it can't be run.
    static Result<Child> start(const std::vector<std::string>& argv, const InvokingUser& user,
                               const Inheritance& inheritance);

    [[nodiscard]] pid_t pid() const { return pid_; }
    /// Readable when the command has ended.
    [[nodiscard]] int fd() const { return pidfd_.get(); }
    /// To be called before wait().
    void send(int signal) const;
    /// Waits for the command and returns the exit status: its own, or 128 plus the signal that
    /// ended it. To be called once.
    int wait();

  private:
    pid_t pid_ = -1;
    Fd pidfd_;
};

} // namespace twtrace
