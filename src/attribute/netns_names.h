// The names of network namespaces, as `ip netns` gives them.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace twtrace {

struct NetnsNamesOptions {
    /// ip-netns(8) bind-mounts a namespace onto a file here, as do podman and the CNI plugins.
    std::vector<std::string> directories = {"/run/netns", "/var/run/netns"};
    std::string proc_root = "/proc";
    /// Names change and the kernel reuses inode numbers, so everything is read again after this
    /// time.
    std::chrono::nanoseconds refresh = std::chrono::seconds(5);
    /// The same for an inode without a name.
    std::chrono::nanoseconds unknown_refresh = std::chrono::seconds(1);
    std::function<std::chrono::nanoseconds()> now; ///< empty: CLOCK_MONOTONIC; tests set their own
};

/// Inode of a network namespace (struct net's ns.inum, `stat -L -c %i /proc/PID/ns/net`) -> name.
/// Never fails; holds at most 4096 names of at most 64 printable bytes. For one thread.
class NetnsNames {
  public:
    explicit NetnsNames(NetnsNamesOptions options = {});

    /// The assigned name, or none: most namespaces of containers have none.
    std::optional<std::string> name_of(std::uint64_t inode);

    /// For tables only: the name, else "host" for the namespace of PID 1, else the inode's digits.
    /// JSON and CSV carry the inode itself, so that a namespace named "host" is not ambiguous.
    std::string table_name(std::uint64_t inode);

    /// Inode of PID 1's network namespace; none if it may not be read. PID 1 is that of
    /// `proc_root`: in a container's pid namespace, it is the container's.
    std::optional<std::uint64_t> host_inode() const { return host_inode_; }

  private:
    void reread();
    void read_directory(const std::string& directory);

    NetnsNamesOptions options_;
    std::optional<std::uint64_t> host_inode_;
    std::unordered_map<std::uint64_t, std::string> names_;
    std::chrono::nanoseconds read_at_{0};
};

} // namespace twtrace
