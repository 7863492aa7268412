// The times at which the doctor's findings apply, from its findings in each slice of the span.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "doctor/rules.h"

namespace twtrace {

class Marks {
  public:
    /// Seconds since the start.
    struct Span {
        double from_s = 0;
        double to_s = 0;
        bool operator==(const Span&) const = default;
    };

    /// Length of the next slice. It doubles after every `slices_of_a_width` slices, so that a span
    /// of a day has some hundreds of them.
    [[nodiscard]] double slice_s() const { return slice_s_; }
    /// Adds the findings of a slice; slices are added in the order of time.
    void add(const Span& slice, const doctor::Findings& findings);
    /// Empty: the finding applies to no single slice, only to the whole span.
    [[nodiscard]] std::vector<Span> of(const doctor::Finding& finding) const;

  private:
    static constexpr double first_slice_s = 5;
    static constexpr unsigned slices_of_a_width = 120;
    static constexpr std::size_t max_findings = 1000;
    using Key = std::tuple<std::string, std::optional<std::uint32_t>, std::string,
                           std::optional<Address>, std::optional<std::uint16_t>>;
    static Key key_of(const doctor::Finding& finding);

    double slice_s_ = first_slice_s;
    unsigned slices_ = 0; // of this width
    std::map<Key, std::vector<Span>> spans_;
};

} // namespace twtrace
