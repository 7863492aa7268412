// The reading side of a BPF ring buffer (kernel/bpf/ringbuf.c, Documentation/bpf/ringbuf.rst).
//
// libbpf has one too. It maps the data twice in full, which counts twice as resident memory, and
// tells its position after each record, on a cache line that every CPU reads to send one.
#pragma once

#include <cstddef>
#include <cstdint>

#include "source/source.h"
#include "util/mapping.h"
#include "util/result.h"

namespace twtrace {

/// Where the parts of a ring are; all of it is shared with the kernel.
struct RingView {
    unsigned long* consumed = nullptr;       ///< bytes ever read; ours to write
    const unsigned long* produced = nullptr; ///< bytes ever reserved; the kernel's
    /// So many bytes of data, a power of two, and the first of them once more behind the last: a
    /// record is always in one piece.
    const std::byte* data = nullptr;
    std::size_t bytes = 0;
};

/// Hands over every record that is complete, in order, and gives its room back; returns their
/// number. Stops at the first that is still being filled.
std::size_t drain_ring(const RingView& ring, RecordHandler& handler);

/// A ring buffer map of this process's.
class Ring {
  public:
    /// bytes: the map's max_entries. No record may be longer than a page.
    static Result<Ring> map(int fd, std::size_t bytes);

    std::size_t drain(RecordHandler& handler) { return drain_ring(view_, handler); }

  private:
    Mapping position_; ///< the page of the consumer's position
    Mapping rest_;     ///< the producer's, and the data
    RingView view_;
};

} // namespace twtrace
