// Runs a function in a forked child, which returns its text.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

#include "fd.h"

namespace live {

/// The child dies with its parent. collect() rethrows in the parent what fn throws.
class Forked {
  public:
    explicit Forked(const std::function<std::string()>& fn);
    Forked(Forked&& other) noexcept;
    Forked& operator=(Forked&&) = delete;
    Forked(const Forked&) = delete;
    Forked& operator=(const Forked&) = delete;
    ~Forked();

    pid_t pid() const { return pid_; }
    /// Waits for the child; to be called once.
    std::string collect();

  private:
    pid_t pid_ = -1;
    Fd result_;
};

/// Kills, waits and returns the wait status.
int kill_and_reap(pid_t pid, int signal);
/// Waits for a child that ends without a signal from the test.
int reap(pid_t pid);
void die_with_parent();
std::string read_all(int fd);
void write_all(int fd, const std::string& text);

} // namespace live
