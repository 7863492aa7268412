// Cgroups of one test, removed with the object.
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

/// Prefix of a command: a mount namespace of its own, in which this script runs first. Its
/// arguments are the command; it ends with `exec "$@"`.
std::vector<std::string> in_own_mounts(const std::string& script);
/// Prefix of a command: a mount namespace without the hierarchies of this type, cgroup or cgroup2.
std::vector<std::string> without_cgroups(const std::string& type);

} // namespace live
