// inet_diag's answer: netlink messages -> sockets. Trusts no length.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "source/sockets.h"

namespace twtrace {

enum class DumpProgress {
    More,      ///< all messages were taken, the dump goes on
    Done,      ///< the kernel said so
    Stopped,   ///< the visitor said so
    Failed,    ///< the kernel refused: error is a positive errno
    Malformed, ///< not what a kernel sends
};

struct DumpStep {
    DumpProgress progress = DumpProgress::More;
    int error = 0;
};

/// One datagram, of which messages that answer another request than `sequence` are passed over.
DumpStep parse_socket_messages(std::span<const std::byte> datagram, std::uint32_t sequence,
                               const SocketVisitor& visit);

} // namespace twtrace
