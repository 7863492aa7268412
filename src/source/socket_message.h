// Parses inet_diag's answer: netlink messages -> sockets. Checks every length.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "source/sockets.h"

namespace twtrace {

enum class DumpProgress {
    More,      ///< all messages were parsed; the dump continues
    Done,      ///< end of the dump
    Stopped,   ///< the visitor stopped it
    Failed,    ///< the kernel refused: error is a positive errno
    Malformed, ///< not a valid answer of a kernel
};

struct DumpStep {
    DumpProgress progress = DumpProgress::More;
    int error = 0;
};

/// Parses one datagram; skips messages that answer another request than `sequence`.
DumpStep parse_socket_messages(std::span<const std::byte> datagram, std::uint32_t sequence,
                               const SocketVisitor& visit);

} // namespace twtrace
