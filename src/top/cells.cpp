#include "top/cells.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "util/text.h"
#include "util/text_width.h"

namespace twtrace {

namespace {

constexpr std::array<std::string_view, 9> blocks{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr std::array<std::string_view, 9> signs{" ", "_", ".", ":", "-", "=", "+", "*", "#"};

} // namespace

std::string clean(std::string_view text, Glyphs glyphs) {
    const std::string valid = printable(text);
    std::string out;
    for (std::string_view rest = valid; !rest.empty();) {
        const Character character = first_character(rest);
        const bool shown = character.bytes.size() == 1 || (glyphs.utf8 && character.width > 0);
        out += shown ? character.bytes : "?";
        rest.remove_prefix(character.bytes.size());
    }
    return out;
}

std::string cut(std::string_view text, int width) {
    if (width <= 0)
        return {};
    if (width_of(text) <= width)
        return std::string(text);
    return std::string(front_of(text, width - 1)) + '+';
}

std::string fit(std::string_view text, int width, bool right) {
    std::string out = cut(text, width);
    const std::string padding(static_cast<std::size_t>(std::max(0, width - width_of(out))), ' ');
    return right ? padding + out : out + padding;
}

Line cut(const Line& line, int columns) {
    Line out;
    for (const Span& span : line) {
        const int width = width_of(span.text);
        if (width > columns) {
            out.push_back({cut(span.text, columns), span.style});
            return out;
        }
        out.push_back(span);
        columns -= width;
    }
    return out;
}

std::vector<std::string> wrapped(std::string_view text, int width) {
    std::vector<std::string> lines;
    std::string line;
    while (!text.empty()) {
        const std::string_view word = text.substr(0, text.find(' '));
        text.remove_prefix(std::min(text.size(), word.size() + 1));
        if (!line.empty() && width_of(line) + 1 + width_of(word) > width) {
            lines.push_back(std::move(line));
            line.clear();
        }
        line += line.empty() ? "" : " ";
        line += word;
    }
    lines.push_back(std::move(line));
    return lines;
}

std::string sparkline(const std::vector<double>& values, Glyphs glyphs) {
    const auto& levels = glyphs.utf8 ? blocks : signs;
    const double most = values.empty() ? 0 : *std::max_element(values.begin(), values.end());
    std::string out;
    for (const double value : values) {
        const double height = most > 0 ? std::ceil(value / most * 8) : 0;
        out += levels[static_cast<std::size_t>(std::clamp(height, 0.0, 8.0))];
    }
    return out;
}

std::string bar(double share, int width, Glyphs glyphs) {
    const auto length = static_cast<int>(std::lround(std::clamp(share, 0.0, 1.0) * width));
    std::string out;
    for (int at = 0; at < length; ++at)
        out += glyphs.utf8 ? blocks.back() : "#";
    return out;
}

std::string grouped(double value) {
    const std::string digits = fmt::format("{:.0f}", std::max(0.0, value));
    std::string out;
    for (std::size_t at = 0; at < digits.size(); ++at) {
        if (at > 0 && (digits.size() - at) % 3 == 0)
            out += ',';
        out += digits[at];
    }
    return out;
}

std::string short_number(double value) {
    return value < 999.95 ? fmt::format("{:.1f}", value) : fmt::format("{:.0f}", value);
}

std::string short_time(double seconds) {
    return seconds < 100 ? fmt::format("{:.0f} s", seconds)
                         : fmt::format("{:.0f} min", seconds / 60);
}

} // namespace twtrace
