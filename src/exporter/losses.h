// Converts the accounting of each second to metrics.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "account/accounting.h"

namespace twtrace {

/// Each second's counters are read while events continue. An event between two reads is missing on
/// one side for that second, so the smallest difference of the last few seconds is shown.
class Losses {
  public:
    void add(const Accounting& accounting, std::uint64_t overflow);

    [[nodiscard]] std::uint64_t lost() const { return lost_; }
    [[nodiscard]] std::uint64_t missed() const { return missed_; }
    [[nodiscard]] std::uint64_t overflow() const { return overflow_; }
    [[nodiscard]] std::uint64_t unverified() const { return unverified_; }
    [[nodiscard]] std::uint64_t without_closer() const { return without_closer_; }
    [[nodiscard]] std::uint64_t untracked() const { return untracked_; }
    /// None: the kernel's counters could not be read.
    [[nodiscard]] std::optional<std::uint64_t> kernel() const { return kernel_; }
    [[nodiscard]] std::optional<std::int64_t> unaccounted() const;

  private:
    static constexpr std::size_t seconds = 5;
    std::array<Accounting, seconds> last_;
    std::size_t known_ = 0;
    std::size_t next_ = 0;
    std::uint64_t lost_ = 0;
    std::uint64_t missed_ = 0;
    std::uint64_t overflow_ = 0;
    std::uint64_t unverified_ = 0;
    std::uint64_t without_closer_ = 0;
    std::uint64_t untracked_ = 0;
    std::optional<std::uint64_t> kernel_;
};

} // namespace twtrace
