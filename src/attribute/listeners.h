// Which process accepts connections on a port. The owner of a time-wait socket is inferred from
// this if its close was not seen.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "attribute/attributor.h"
#include "model/event.h"
#include "model/owner.h"
#include "source/sockets.h"
#include "util/port_set.h"

namespace twtrace {

/// The listening sockets of one network namespace.
class ListenerTable {
  public:
    void add(const TcpSocket& listener);

    /// The inode of the socket that accepts connections to this address and port: one bound to the
    /// address, else one bound to every address of its family, else one bound to [::], which takes
    /// IPv4 too. 0: no such socket.
    [[nodiscard]] std::uint32_t find(const Address& local, std::uint16_t port) const;

    [[nodiscard]] std::size_t size() const { return size_; }
    void append_inodes(std::vector<std::uint32_t>& inodes) const;

  private:
    struct Listener {
        Address local;
        std::uint32_t inode;
    };
    PortSet ports_; // most ports in queries are ephemeral ones without a listener
    std::unordered_map<std::uint16_t, std::vector<Listener>> by_port_;
    std::size_t size_ = 0;
};

/// The processes behind listening sockets of any namespace.
class ListenerOwners {
  public:
    struct Process {
        Task task;
        Owner owner;
    };

    /// root: directory that the files of container runtimes are below.
    explicit ListenerOwners(std::vector<std::uint32_t> inodes, std::string root = "/")
        : inodes_(std::move(inodes)), root_(std::move(root)) {}

    /// Null: not found. The first call searches /proc, once for all inodes.
    const Process* find(std::uint32_t inode);
    /// False: some processes could not be read.
    [[nodiscard]] bool complete() const { return complete_; }

  private:
    void search();

    std::vector<std::uint32_t> inodes_;
    std::string root_;
    std::unordered_map<std::uint32_t, Process> processes_;
    bool searched_ = false;
    bool complete_ = true;
};

} // namespace twtrace
