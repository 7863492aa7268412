// A command that twtrace starts, as a shell would: in the same process group, on the same terminal.
#pragma once

#include <csignal>
#include <string>
#include <vector>

#include <sys/resource.h>
#include <sys/types.h>

#include "command/invoking_user.h"
#include "util/fd.h"
#include "util/result.h"

namespace twtrace {

/// Signals and limits, as twtrace was given them and as its command is to have them. To be made
/// before twtrace changes them for itself.
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
    rlimit files_{};
    rlimit locked_{};
};

class Child {
  public:
    /// Returns when the command runs. An error has the exit status that a shell gives: 127 if there
    /// is no such command, 126 if it can't be run.
    static Result<Child> start(const std::vector<std::string>& argv, const InvokingUser& user,
                               const Inheritance& inheritance);

    [[nodiscard]] pid_t pid() const { return pid_; }
    /// Readable when it has ended.
    [[nodiscard]] int fd() const { return pidfd_.get(); }
    /// To be called before wait().
    void send(int signal) const;
    /// Waits for its end and gives the exit status: its own, or 128 and the signal that ended it.
    /// To be called once.
    int wait();

  private:
    pid_t pid_ = -1;
    Fd pidfd_;
};

} // namespace twtrace
