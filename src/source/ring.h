// The reading side of a BPF ring buffer (kernel/bpf/ringbuf.c, Documentation/bpf/ringbuf.rst).
//
// libbpf has one too. It maps the data twice in full, which counts twice as resident memory, and
// publishes its position after each record, on a cache line that every CPU reads to send one.
#pragma once

#include <cstddef>
#include <cstdint>

#include "source/source.h"
#include "util/mapping.h"
#include "util/result.h"

namespace twtrace {

/// The parts of a ring; all of them are shared with the kernel.
struct RingView {
    unsigned long* consumed = nullptr;       ///< bytes read so far; written by user space
    const unsigned long* produced = nullptr; ///< bytes reserved so far; written by the kernel
    /// The data, a power of two of bytes, followed by a second copy of its start, so that a record
    /// is always contiguous.
    const std::byte* data = nullptr;
    std::size_t bytes = 0;
};

/// Passes every complete record to the handler, in order, and frees its room; returns their number.
/// Stops at the first record that is still being filled.
std::size_t drain_ring(const RingView& ring, RecordHandler& handler);

/// A mapped ring buffer.
class Ring {
  public:
    /// bytes: the map's max_entries. No record may be longer than a page.
    static Result<Ring> map(int fd, std::size_t bytes);

    std::size_t drain(RecordHandler& handler) { return drain_ring(view_, handler); }

  private:
    Mapping position_; ///< the page of the consumer's position
    Mapping rest_;     ///< the page of the producer's position, and the data
    RingView view_;
};

} // namespace twtrace
