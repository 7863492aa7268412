// State and picture -> the lines of a screen. Pure: tests compare the text.
#pragma once

#include <vector>

#include "top/cells.h"
#include "top/picture.h"
#include "top/state.h"

namespace twtrace {

struct Frame {
    std::vector<Line> lines;     ///< as many as the screen has rows, none wider than it
    std::size_t visible = 0;     ///< rows of the table, or lines of the page, that fit
    std::optional<int> cursor_x; ///< where the text cursor is on the last line: something is typed
};

/// Settles the state (cursor, scrolling) on what there is to see.
Frame draw(State& state, const Picture& picture, const Rows& rows, Size size, Glyphs glyphs,
           double interval_s);

// Its parts.
std::vector<Line> header_of(const State& state, const Picture& picture, Size size, Glyphs glyphs,
                            double interval_s);
std::vector<Line> group_page(const FlowGroup& group, const Picture& picture, Size size,
                             Glyphs glyphs);
std::vector<Line> help_page();

} // namespace twtrace
