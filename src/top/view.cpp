#include "top/view.h"

#include <algorithm>

#include <fmt/format.h>

#include "top/columns.h"

namespace twtrace {

namespace {

Line keys_line(const State& state, Glyphs glyphs, std::optional<int>& cursor_x) {
    if (state.typing) {
        const std::string text = "filter: " + clean(state.filter, glyphs);
        cursor_x = width_of(text);
        return {{text, Style::Bold}, {"   (Enter keeps it, Esc clears it)", Style::Dim}};
    }
    if (state.page == State::Page::Table)
        return {{"q quit  h help  Enter open  s sort  g group  f filter  p pause", Style::Dim}};
    return {{"Esc back  up/down scroll  p pause  h help", Style::Dim}};
}

std::string nothing_text(const State& state, const Picture& picture) {
    if (!state.filter.empty() && !picture.groups.empty())
        return "nothing matches the filter (f changes it, Esc clears it)";
    return "no connection has entered TIME_WAIT yet: waiting";
}

void select(Line& line, int columns) {
    int width = 0;
    for (Span& span : line) {
        span.style = Style::Selected;
        width += width_of(span.text);
    }
    if (width < columns)
        line.push_back(
            {std::string(static_cast<std::size_t>(columns - width), ' '), Style::Selected});
}

void draw_table(State& state, const Picture& picture, const Rows& rows, Size size, Glyphs glyphs,
                Frame& frame) {
    const int rows_left = size.rows - static_cast<int>(frame.lines.size()) - 2;
    frame.visible = static_cast<std::size_t>(std::max(1, rows_left));
    state.settle(rows, frame.visible);
    const std::size_t end = std::min(rows.size(), state.first + frame.visible);
    std::vector<RowText> texts;
    for (std::size_t row = state.first; row < end; ++row)
        texts.push_back(row_text(*rows[row], picture));
    const auto columns = columns_for(state.by, size.columns, texts);
    frame.lines.push_back(cut(header_line(columns), size.columns));
    for (std::size_t row = state.first; row < end; ++row) {
        Line line = cut(row_line(columns, *rows[row], texts[row - state.first], picture, glyphs),
                        size.columns);
        if (row == state.cursor)
            select(line, size.columns);
        frame.lines.push_back(std::move(line));
    }
    if (rows.empty())
        frame.lines.push_back(cut(Line{{nothing_text(state, picture), Style::Dim}}, size.columns));
}

void draw_page(State& state, const Picture& picture, Size size, Glyphs glyphs, Frame& frame) {
    std::vector<Line> page;
    if (state.page == State::Page::Help) {
        page = help_page();
    } else {
        const auto group = std::find_if(picture.groups.begin(), picture.groups.end(),
                                        [&](const auto& one) { return one.key == state.open; });
        if (group != picture.groups.end())
            page = group_page(*group, picture, size, glyphs);
        else
            page = {{{"This group has closed nothing for a minute. Esc goes back.", Style::Dim}}};
    }
    frame.visible = static_cast<std::size_t>(std::max(1, size.rows - 1));
    const std::size_t last = page.size() > frame.visible ? page.size() - frame.visible : 0;
    state.scroll = std::min(state.scroll, last);
    for (std::size_t at = state.scroll; at < std::min(page.size(), state.scroll + frame.visible);
         ++at)
        frame.lines.push_back(cut(page[at], size.columns));
}

} // namespace

Frame draw(State& state, const Picture& picture, const Rows& rows, Size size, Glyphs glyphs,
           double interval_s) {
    Frame frame;
    if (state.page == State::Page::Table) {
        frame.lines = header_of(state, picture, size, glyphs, interval_s);
        draw_table(state, picture, rows, size, glyphs, frame);
    } else {
        draw_page(state, picture, size, glyphs, frame);
    }
    const auto height = static_cast<std::size_t>(std::max(1, size.rows));
    frame.lines.resize(height - 1);
    frame.lines.push_back(cut(keys_line(state, glyphs, frame.cursor_x), size.columns));
    return frame;
}

} // namespace twtrace
