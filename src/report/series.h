// Numbers over time, for the charts of a report. Memory is bounded: if there are too many points,
// two are merged into one, and the names beyond the largest share one line.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace twtrace {

class Series {
  public:
    static constexpr std::size_t max_points = 720;

    /// Sum: values within a point are added; Most: the largest value is used.
    enum class Kind { Sum, Most };
    explicit Series(Kind kind) : kind_(kind) {}

    /// at_s: seconds since the start.
    void add(const std::string& name, double at_s, double value);

    struct Line {
        std::string name;
        std::vector<std::optional<double>> values; ///< one per point; none: not known
    };
    /// The largest lines; the others are added up as "other" (Sum) or left out (Most). Sums are per
    /// second.
    [[nodiscard]] std::vector<Line> lines(std::size_t limit, double duration_s,
                                          std::uint64_t point_s) const;
    /// The shortest point interval, a power of two of seconds, for a span of this length.
    [[nodiscard]] static std::uint64_t point_s(double duration_s);

  private:
    static constexpr std::size_t max_names = 500;
    void halve();

    Kind kind_;
    std::uint64_t width_s_ = 1;
    std::map<std::string, std::map<std::uint64_t, double>> values_;
};

} // namespace twtrace
