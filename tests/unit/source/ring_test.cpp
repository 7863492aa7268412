#include "catch2.h"

#include <array>
#include <cstring>
#include <linux/bpf.h>
#include <string>
#include <vector>

#include "source/ring.h"

using namespace twtrace;

namespace {

// Simulates the kernel: 64 bytes of data, followed by a copy of them.
class FakeRing {
  public:
    static constexpr std::size_t bytes = 64;

    RingView view() { return {&consumed, &produced, data_.data(), bytes}; }
    void put(const std::string& text, std::uint32_t flags = 0) {
        const auto word = static_cast<std::uint32_t>(text.size()) | flags;
        write(produced, &word, sizeof(word));
        write(produced + BPF_RINGBUF_HDR_SZ, text.data(), text.size());
        produced += (text.size() + BPF_RINGBUF_HDR_SZ + 7) / 8 * 8;
    }
    void set_word(unsigned long at, std::uint32_t word) { write(at, &word, sizeof(word)); }

    unsigned long consumed = 0;
    unsigned long produced = 0;

  private:
    void write(unsigned long at, const void* from, std::size_t length) {
        for (std::size_t i = 0; i < length; ++i) {
            const auto byte = static_cast<const std::byte*>(from)[i];
            data_[(at + i) % bytes] = byte;
            data_[(at + i) % bytes + bytes] = byte; // as if it were mapped twice
        }
    }
    alignas(8) std::array<std::byte, 2 * bytes> data_{};
};

struct Taken : RecordHandler {
    void record(std::span<const std::byte> bytes) override {
        texts.emplace_back(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        if (consumed != nullptr)
            told.push_back(*consumed);
    }
    std::vector<std::string> texts;
    const unsigned long* consumed = nullptr;
    std::vector<unsigned long> told; ///< the published position while each was read
};

} // namespace

TEST_CASE("ring: records come in order, once, and their space is freed", "[source]") {
    FakeRing ring;
    Taken taken;
    CHECK(drain_ring(ring.view(), taken) == 0);
    ring.put("one");
    ring.put("seventeen letters");
    CHECK(drain_ring(ring.view(), taken) == 2);
    CHECK(taken.texts == std::vector<std::string>{"one", "seventeen letters"});
    CHECK(ring.consumed == ring.produced);
    CHECK(drain_ring(ring.view(), taken) == 0);
}

TEST_CASE("ring: a record that wraps around is in one piece", "[source]") {
    FakeRing ring;
    Taken taken;
    std::vector<std::string> all;
    for (char letter = 'a'; letter <= 'z'; ++letter) { // 24 bytes each: one wraps around
        all.emplace_back(13, letter);
        ring.put(all.back());
        CHECK(drain_ring(ring.view(), taken) == 1);
    }
    CHECK(taken.texts == all);
    CHECK(ring.consumed == 26 * 24);
}

TEST_CASE("ring: one that was given up is passed over, one being filled ends it", "[source]") {
    FakeRing ring;
    Taken taken;
    ring.put("given up", BPF_RINGBUF_DISCARD_BIT);
    ring.put("first");
    const unsigned long filling = ring.produced;
    ring.put("filling", BPF_RINGBUF_BUSY_BIT);
    ring.put("next");
    CHECK(drain_ring(ring.view(), taken) == 1);
    CHECK(taken.texts == std::vector<std::string>{"first"});
    CHECK(ring.consumed == filling);
    ring.set_word(filling, 7);
    CHECK(drain_ring(ring.view(), taken) == 2);
    CHECK(taken.texts == std::vector<std::string>{"first", "filling", "next"});
}

TEST_CASE("ring: space is freed while the ring is read", "[source]") {
    FakeRing ring;
    Taken taken;
    taken.consumed = &ring.consumed;
    ring.put("one");
    ring.put("two");
    ring.put("three");
    drain_ring(ring.view(), taken);
    CHECK(taken.told == std::vector<unsigned long>{0, 16, 32}); // a sixteenth of it is 4 bytes
}
