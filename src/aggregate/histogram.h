// Durations in buckets of a power of two split in eight: 12.5 % wide at most, never more than 4
// KiB, and little memory for the many groups with only a few durations.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace twtrace {

class Histogram {
  public:
    void add(std::uint64_t value, std::uint64_t times = 1) {
        add_to(index_of(value), times);
        count_ += times;
        if (value > max_)
            max_ = value;
    }
    void add(const Histogram& other);
    /// Withdraws a value that was added; max() does not change.
    void remove(std::uint64_t value);

    [[nodiscard]] std::uint64_t count() const { return count_; }
    [[nodiscard]] std::optional<std::uint64_t> max() const {
        return count_ == 0 ? std::nullopt : std::optional(max_);
    }
    /// The upper end of the bucket in which the quantile (0 to 1, nearest rank) lies, never above
    /// max(): at most an eighth more than the exact one, never less.
    [[nodiscard]] std::optional<std::uint64_t> quantile(double share) const;

    static constexpr std::size_t sub_buckets = 8;
    static constexpr std::size_t buckets = (64 - 3) * sub_buckets + sub_buckets;

    static constexpr std::size_t index_of(std::uint64_t value) {
        if (value < sub_buckets)
            return static_cast<std::size_t>(value);
        const auto exponent =
            static_cast<std::size_t>(std::bit_width(value)) - 4; // value >> exponent is 8 to 15
        return exponent * sub_buckets + static_cast<std::size_t>(value >> exponent);
    }
    static constexpr std::uint64_t upper_end(std::size_t index) {
        if (index < 2 * sub_buckets)
            return index;
        const std::size_t exponent = index / sub_buckets - 1;
        const std::uint64_t front = index % sub_buckets + sub_buckets;
        return ((front + 1) << exponent) - 1;
    }
    [[nodiscard]] std::uint64_t at(std::size_t index) const;

  private:
    struct Bucket {
        std::uint64_t index;
        std::uint64_t count;
    };
    static constexpr std::size_t max_sparse = 16;

    void add_to(std::size_t index, std::uint64_t times) {
        if (dense_.empty())
            add_to_sparse(index, times);
        else
            dense_[index] += times;
    }
    void add_to_sparse(std::size_t index, std::uint64_t times);

    std::vector<Bucket> sparse_; // by index; until there are too many
    // At 40,000 closes a second 32 bits would wrap after 30 hours.
    std::vector<std::uint64_t> dense_;
    std::uint64_t count_ = 0;
    std::uint64_t max_ = 0;
};

} // namespace twtrace
