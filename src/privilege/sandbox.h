// A child process without privileges. It parses untrusted input, so that an attacker gains nothing
// from an error in a parser (docs/security.md).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "util/fd.h"
#include "util/result.h"

namespace twtrace {

/// What the child may do besides using memory and its channel.
enum class SandboxWork { Parse, ServeConnections };

class Sandbox {
  public:
    /// Forks a child that calls work(channel) and ends when it returns; channel is a connected
    /// stream socket. The child has no capabilities, has the user id 65534 where this process may
    /// change its user, has the system calls of `kind`, and of the open descriptors only `kept`
    /// and its channel. To be called before other threads start. -v reports, beginning with
    /// `purpose`, what the host refused.
    static Result<Sandbox> start(const std::string& purpose, SandboxWork kind,
                                 const std::vector<int>& kept,
                                 const std::function<void(int channel)>& work);
    Sandbox(Sandbox&& other) noexcept;
    Sandbox& operator=(Sandbox&&) = delete;
    Sandbox(const Sandbox&) = delete;
    Sandbox& operator=(const Sandbox&) = delete;
    /// Closes the channel, which asks the child to end, and kills it if it does not.
    ~Sandbox();

    [[nodiscard]] pid_t pid() const { return pid_; }
    [[nodiscard]] int channel() const { return channel_.get(); }
    /// Readable when the child has ended.
    [[nodiscard]] int end_fd() const { return pidfd_.get(); }
    /// For a child that does not keep to its protocol.
    void kill() const;
    /// Once it has ended: "was ended by signal 9". To be called once.
    std::string fate();

  private:
    Sandbox() = default;

    pid_t pid_ = -1; // -1: none, or waited for
    Fd pidfd_;
    Fd channel_;
};

} // namespace twtrace
