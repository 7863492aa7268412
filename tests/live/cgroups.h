// Control groups of the test's own, that vanish with the test.
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

    /// False where there is no cgroup v2 hierarchy to write to.
    static bool can_make();
    /// Makes it with all that is above it; returns its path from the root of the hierarchy.
    std::string make(const std::string& path);
    /// The same in a v1 hierarchy beside it; empty where there is none.
    std::string make_v1(const std::string& path);
    /// Waits until nobody is in it.
    static void remove(const std::string& full_path);
    /// Moves the calling process; `full_path` is what make() returned.
    static void enter(const std::string& full_path);
    static void enter_v1(const std::string& full_path);
    /// Before a command: puts it there.
    static std::vector<std::string> starting_in(const std::string& full_path);
    /// Of the whole tree.
    const std::string& root() const { return root_; }

  private:
    std::string root_;
};

/// Before a command: a mount namespace of its own in which cgroup v2 is the only hierarchy.
std::vector<std::string> without_v1_cgroups();

} // namespace live
