// Infers which side accepted a connection if there is no listener on the local port: the listener
// may be gone, may have moved to another address, or may have let the kernel pick a port.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

namespace twtrace {

/// Of one network namespace. A server's port has many remote ports, each with few local ones; a
/// client's is the opposite. Takes one MiB, however many sockets there are.
class PortRoles {
  public:
    PortRoles() : remotes_of_local_(ports), locals_of_remote_(ports) {}

    void add(std::uint16_t local_port, std::uint16_t remote_port) {
        remotes_of_local_[local_port] |= bit_of(remote_port);
        locals_of_remote_[remote_port] |= bit_of(local_port);
    }
    /// To be called after all were added. False: a client's port, or not known.
    [[nodiscard]] bool is_servers(std::uint16_t local_port, std::uint16_t remote_port) const {
        const int remotes = std::popcount(remotes_of_local_[local_port]);
        // connect() gives one port to a few destinations, too.
        return remotes >= many && remotes > std::popcount(locals_of_remote_[remote_port]);
    }

  private:
    static constexpr std::size_t ports = 65'536;
    static constexpr int many = 4;
    // One of 64 bits: enough to distinguish many from few.
    static std::uint64_t bit_of(std::uint16_t port) {
        return std::uint64_t{1} << (port * 0x9E3779B1U >> 26U);
    }
    std::vector<std::uint64_t> remotes_of_local_;
    std::vector<std::uint64_t> locals_of_remote_;
};

} // namespace twtrace
