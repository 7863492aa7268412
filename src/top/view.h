// Turns state and picture into the lines of a screen. Pure functions: tests compare the text.
#pragma once

#include <vector>

#include "top/cells.h"
#include "top/picture.h"
#include "top/state.h"

namespace twtrace {

struct Frame {
    std::vector<Line> lines;     ///< one per row of the screen, none wider than it
    std::size_t visible = 0;     ///< rows of the table, or lines of the page, that fit
    std::optional<int> cursor_x; ///< position of the text cursor on the last line, while typing
};

/// Draws a screen and adjusts the state (cursor, scrolling) to its content.
Frame draw(State& state, const Picture& picture, const Rows& rows, Size size, Glyphs glyphs,
           double interval_s);

// Its parts.
std::vector<Line> header_of(const State& state, const Picture& picture, Size size, Glyphs glyphs,
                            double interval_s);
std::vector<Line> group_page(const FlowGroup& group, const Picture& picture, Size size,
                             Glyphs glyphs);
std::vector<Line> help_page();

} // namespace twtrace
