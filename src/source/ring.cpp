#include "source/ring.h"

#include <cerrno>
#include <cstring>
#include <linux/bpf.h>
#include <unistd.h>

#include <fmt/format.h>

namespace twtrace {

namespace {

// The first four bytes of a record's header are its length and these two bits; the next four are
// used by the kernel only.
constexpr std::uint32_t length_mask = ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
constexpr std::size_t alignment = 8;
// The position is published once per this part of the ring: rarely enough that the cache line stays
// with the sending CPUs, often enough that a full ring soon has room again.
constexpr std::size_t parts = 16;

constexpr std::size_t room_of(std::uint32_t length) {
    return (length + BPF_RINGBUF_HDR_SZ + alignment - 1) / alignment * alignment;
}

} // namespace

std::size_t drain_ring(const RingView& ring, RecordHandler& handler) {
    std::size_t records = 0;
    unsigned long told = *ring.consumed; // only this side writes it
    unsigned long at = told;
    const auto tell = [&] { __atomic_store_n(ring.consumed, told = at, __ATOMIC_RELEASE); };
    while (at != __atomic_load_n(ring.produced, __ATOMIC_ACQUIRE)) {
        const std::byte* header = ring.data + (at & (ring.bytes - 1));
        const std::uint32_t word = __atomic_load_n(
            static_cast<const std::uint32_t*>(static_cast<const void*>(header)), __ATOMIC_ACQUIRE);
        if ((word & BPF_RINGBUF_BUSY_BIT) != 0)
            break;
        const std::uint32_t length = word & length_mask;
        if ((word & BPF_RINGBUF_DISCARD_BIT) == 0) {
            handler.record({header + BPF_RINGBUF_HDR_SZ, length});
            ++records;
        }
        at += room_of(length);
        if (at - told >= ring.bytes / parts)
            tell();
    }
    if (at != told)
        tell();
    return records;
}

Result<Ring> Ring::map(int fd, std::size_t bytes) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    Ring ring;
    ring.position_ = Mapping(fd, page, PROT_READ | PROT_WRITE, MAP_SHARED);
    // The kernel maps the data twice in a row; one page of the second copy is enough.
    if (ring.position_)
        ring.rest_ = Mapping(fd, page + bytes + page, PROT_READ, MAP_SHARED, page);
    if (!ring.rest_)
        return fail(fmt::format("cannot map the ring buffer: {}; a smaller --ring may help",
                                std::strerror(errno)));
    std::byte* rest = ring.rest_.bytes().data();
    ring.view_ = {static_cast<unsigned long*>(static_cast<void*>(ring.position_.bytes().data())),
                  static_cast<const unsigned long*>(static_cast<void*>(rest)), rest + page, bytes};
    return ring;
}

} // namespace twtrace
