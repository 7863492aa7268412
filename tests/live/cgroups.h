// Control groups of one test, removed with the object.
#pragma once

#include <string>
#include <vector>

namespace live {

class TestCgroups {
  public:
    TestCgroups();
    ~TestCgroups();
    TestCgroups(const TestCgroups&) = delete;
    TestCgroups& operator=(const TestCgroups&) = delete;

    /// False if there is no writable cgroup v2 hierarchy.
    static bool can_make();
    /// Creates it with its parents; returns its path from the root of the hierarchy.
    std::string make(const std::string& path);
    /// The same in a v1 hierarchy; empty if there is none.
    std::string make_v1(const std::string& path);
    /// Waits until no process is in it.
    static void remove(const std::string& full_path);
    /// Moves the calling process into it; `full_path` is what make() returned.
    static void enter(const std::string& full_path);
    static void enter_v1(const std::string& full_path);
    /// Prefix of a command that starts it in this cgroup.
    static std::vector<std::string> starting_in(const std::string& full_path);
    /// Root of the test's cgroups.
    const std::string& root() const { return root_; }

  private:
    std::string root_;
};

/// Prefix of a command: a mount namespace in which cgroup v2 is the only hierarchy.
std::vector<std::string> without_v1_cgroups();

} // namespace live
