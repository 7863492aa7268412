// Names of addresses, from /etc/hosts and DNS, as getnameinfo(3) finds them: in a thread of its
// own, because DNS may take seconds. Bounded, and failures are remembered too.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "model/address.h"

namespace twtrace {

class RemoteNames {
  public:
    /// Empty: it has no name. May take long.
    using Ask = std::function<std::string(const Address&)>;
    using Now = std::function<std::uint64_t()>;

    /// Empty functions: getnameinfo(3), and the steady clock.
    explicit RemoteNames(Ask ask = {}, Now now_ns = {});
    /// Does not wait for an answer that is still to come.
    ~RemoteNames();
    RemoteNames(const RemoteNames&) = delete;
    RemoteNames& operator=(const RemoteNames&) = delete;

    /// What is known by now, and the thread finds out what is not. Empty: no name, or not yet. At
    /// most 8,192 addresses are kept, and 1,024 wait: beyond that an address is asked for later.
    void find(const Address& address, std::string& name);

    struct State;

  private:
    void begin();
    std::shared_ptr<State> state_;
    bool started_ = false; ///< with the first address: privileges are shed before there are threads
};

} // namespace twtrace
