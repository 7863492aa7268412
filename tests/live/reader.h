// A server on 127.0.0.1 that never closes first, and clients written in bash.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "forked.h"
#include "netns.h"

namespace live {

class Reader {
  public:
    /// Listens when the constructor returns, and ends with the object.
    explicit Reader(const TestNamespace& ns);

    /// Bash code that makes this number of connections, each closed by the shell itself.
    static std::string closes(int times);
    static constexpr std::uint16_t port = 7000;

  private:
    std::optional<Forked> server_;
};

} // namespace live
