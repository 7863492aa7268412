#include "report/series.h"

#include <algorithm>
#include <cmath>

namespace twtrace {

namespace {

double weight(const std::map<std::uint64_t, double>& values, Series::Kind kind) {
    double sum = 0;
    for (const auto& [point, value] : values)
        sum = kind == Series::Kind::Sum ? sum + value : std::max(sum, value);
    return sum;
}

} // namespace

std::uint64_t Series::point_s(double duration_s) {
    std::uint64_t width = 1;
    while (duration_s / static_cast<double>(width) > static_cast<double>(max_points))
        width *= 2;
    return width;
}

void Series::add(const std::string& name, double at_s, double value) {
    auto found = values_.find(name);
    if (found == values_.end()) {
        const bool full = values_.size() >= max_names;
        if (full && kind_ == Kind::Most)
            return;
        found = values_.try_emplace(full ? "other" : name).first;
    }
    while (at_s / static_cast<double>(width_s_) >= 2.0 * static_cast<double>(max_points))
        halve();
    double& point = found->second[static_cast<std::uint64_t>(std::max(0.0, at_s)) / width_s_];
    point = kind_ == Kind::Sum ? point + value : std::max(point, value);
}

void Series::halve() {
    width_s_ *= 2;
    for (auto& [name, values] : values_) {
        std::map<std::uint64_t, double> half;
        for (const auto& [point, value] : values) {
            double& into = half[point / 2];
            into = kind_ == Kind::Sum ? into + value : std::max(into, value);
        }
        values = std::move(half);
    }
}

std::vector<Series::Line> Series::lines(std::size_t limit, double duration_s,
                                        std::uint64_t point_s) const {
    std::vector<std::pair<double, const std::string*>> order;
    order.reserve(values_.size());
    for (const auto& [name, values] : values_)
        order.emplace_back(weight(values, kind_), &name);
    std::sort(order.begin(), order.end(),
              [](const auto& a, const auto& b) { return a.first > b.first; });
    const auto points = static_cast<std::size_t>(
        std::max(1.0, std::ceil(duration_s / static_cast<double>(point_s))));
    std::vector<Line> lines;
    for (std::size_t index = 0; index < order.size(); ++index) {
        const bool beyond = index >= limit;
        if (beyond && kind_ == Kind::Most)
            break;
        if (index <= limit) {
            Line line{beyond ? "other" : *order[index].second, {}};
            line.values.assign(points, kind_ == Kind::Sum ? std::optional(0.0) : std::nullopt);
            lines.push_back(std::move(line));
        }
        for (const auto& [point, value] : values_.at(*order[index].second)) {
            const std::size_t at = std::min(points - 1, point * width_s_ / point_s);
            auto& into = lines.back().values[at];
            into = kind_ == Kind::Sum ? into.value_or(0) + value / static_cast<double>(point_s)
                                      : std::max(into.value_or(0), value);
        }
    }
    return lines;
}

} // namespace twtrace
