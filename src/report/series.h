// Numbers over time, for the charts of a report. Memory is bounded: when there are too many points,
// two become one, and the names beyond the largest are one line.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace twtrace {

class Series {
  public:
    static constexpr std::size_t most_points = 720;

    /// Sum: what falls into a point adds up; Most: its largest value counts.
    enum class Kind { Sum, Most };
    explicit Series(Kind kind) : kind_(kind) {}

    /// at_s: seconds since the start.
    void add(const std::string& name, double at_s, double value);

    struct Line {
        std::string name;
        std::vector<std::optional<double>> values; ///< one a point; none: nothing was known
    };
    /// The largest lines, the others added up as "other" (Sum) or left out (Most). Sums are a
    /// second.
    [[nodiscard]] std::vector<Line> lines(std::size_t most, double duration_s,
                                          std::uint64_t point_s) const;
    /// The finest points, a power of two of seconds, that a span of this length may have.
    [[nodiscard]] static std::uint64_t point_s(double duration_s);

  private:
    static constexpr std::size_t most_names = 500;
    void halve();

    Kind kind_;
    std::uint64_t width_s_ = 1;
    std::map<std::string, std::map<std::uint64_t, double>> values_;
};

} // namespace twtrace
