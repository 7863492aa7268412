// The span that rates are computed over: up to five seconds, and no longer than since a burst
// began.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace twtrace {

class RateSpan {
  public:
    static constexpr std::size_t max_seconds = 5; ///< including the current one
    static constexpr double min_s = 0.5;

    explicit RateSpan(std::uint64_t start_ns) : start_ns_(start_ns), from_ns_(start_ns) {}

    /// Entries of all flows.
    void add(std::uint64_t now_ns, std::uint64_t times);
    /// Chooses the span that ends now. All rates use this span until the next call.
    void choose(std::uint64_t now_ns);
    /// The span's seconds, the current one included.
    [[nodiscard]] std::size_t seconds() const { return seconds_; }
    /// When it began (CLOCK_MONOTONIC).
    [[nodiscard]] std::uint64_t from_ns() const { return from_ns_; }
    [[nodiscard]] double length_s(std::uint64_t now_ns) const;

  private:
    struct Second {
        std::uint64_t number = 0;
        std::uint64_t entries = 0;
        std::uint64_t first_ns = 0; ///< its first entry
    };
    [[nodiscard]] Second at(std::uint64_t number) const;
    [[nodiscard]] bool is_burst(std::uint64_t now_ns, std::size_t newest) const;

    std::array<Second, max_seconds> last_{}; ///< by number modulo their count
    std::uint64_t start_ns_;
    std::uint64_t from_ns_;
    std::size_t seconds_ = 1;
};

} // namespace twtrace
