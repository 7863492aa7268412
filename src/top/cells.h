// Text in cells of a terminal: what fits into a column, and its width.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "util/text_width.h"

namespace twtrace {

enum class Style : unsigned char { Plain, Bold, Dim, Title, Selected, Good, Warn, Bad };

struct Span {
    std::string text; ///< printable; UTF-8, or ASCII where the terminal has no UTF-8
    Style style = Style::Plain;
};
using Line = std::vector<Span>;

struct Size {
    int rows = 24;
    int columns = 80;
};

/// The characters that the terminal can show.
struct Glyphs {
    bool utf8 = true;
};

/// Untrusted text made safe for the terminal: control characters, bytes that are not UTF-8,
/// characters of no width (they could reorder a line) and, without UTF-8, everything beyond ASCII
/// become '?'.
std::string clean(std::string_view text, Glyphs glyphs);

/// Clean text in exactly `width` columns: padded, or cut and marked with '+'.
std::string fit(std::string_view text, int width, bool right = false);
/// The same without the padding.
std::string cut(std::string_view text, int width);

/// A line no wider than `columns`.
Line cut(const Line& line, int columns);

/// Words of clean text in lines of at most `width` columns.
std::vector<std::string> wrapped(std::string_view text, int width);

/// One character per value, the highest for the greatest value; 0 is blank.
std::string sparkline(const std::vector<double>& values, Glyphs glyphs);
/// A bar of at most `width` columns for a share from 0 to 1.
std::string bar(double share, int width, Glyphs glyphs);

/// 28232 as "28,232".
std::string grouped(double value);
/// A rate or another small number: "0.4", "12.3", "8384".
std::string short_number(double value);
/// "40 s", "3 min".
std::string short_time(double seconds);

} // namespace twtrace
