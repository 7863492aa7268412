// A network namespace of one test, removed with the test in every case.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>

#include "kernel_counters.h"

namespace live {

class TestNamespace {
  public:
    TestNamespace();
    ~TestNamespace();
    TestNamespace(const TestNamespace&) = delete;
    TestNamespace& operator=(const TestNamespace&) = delete;

    /// As in `stat -L -c %i`, and in twtrace's netns field.
    std::uint64_t inode() const;
    /// For --netns and setns().
    std::string path() const;
    KernelCounters counters() const { return read_counters(holder_); }
    /// Name as in sysctl(8), with dots: "net.ipv4.tcp_fin_timeout".
    void set_sysctl(const std::string& name, const std::string& value) const;
    /// Runs fn in a child inside the namespace and returns its result.
    std::string run_in(const std::function<std::string()>& fn) const;
    /// Moves the calling process (not its children's parent) into the namespace.
    void enter() const;
    /// Adds a slow lane on lo for sockets with SO_PRIORITY slow_lane; false if the kernel or tc
    /// can't.
    bool add_slow_lane() const;
    static constexpr int slow_lane = 0x10002;

  private:
    pid_t holder_ = -1;
};

} // namespace live
