// Names of addresses, from /etc/hosts and DNS, as getnameinfo(3) finds them. A separate thread
// resolves them, because DNS may take seconds. The cache is bounded and includes failures.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "model/address.h"

namespace twtrace {

class RemoteNames {
  public:
    /// Empty: the address has no name. May block for long.
    using Ask = std::function<std::string(const Address&)>;
    using Now = std::function<std::uint64_t()>;

    /// Empty functions: getnameinfo(3), and the steady clock.
    explicit RemoteNames(Ask ask = {}, Now now_ns = {});
    /// Does not wait for a pending answer.
    ~RemoteNames();
    RemoteNames(const RemoteNames&) = delete;
    RemoteNames& operator=(const RemoteNames&) = delete;

    /// Sets `name` if it is known by now; otherwise queues the address for the thread. Empty: no
    /// name, or not yet known. At most 8,192 addresses are kept, and 1,024 wait; an address beyond
    /// that is resolved later.
    void find(const Address& address, std::string& name);

    struct State;

  private:
    void begin();
    std::shared_ptr<State> state_;
    /// Starts with the first address: privileges are shed before there are threads.
    bool started_ = false;
};

} // namespace twtrace
