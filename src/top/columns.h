// The table's columns: the visible ones, and their widths.
#pragma once

#include <string>
#include <vector>

#include "top/cells.h"
#include "top/rows.h"

namespace twtrace {

enum class Field { Id, Service, Role, Rate, Share, Present, Ports, Lifetime, Minute, Peer };

struct Column {
    Field field;
    std::string title;
    int width;
    bool right;
};

/// The most important columns that fit, in the order of the screen, as wide as the texts of the
/// visible rows need; the minute gets the remaining space.
std::vector<Column> columns_for(GroupBy by, int columns, const std::vector<RowText>& texts);

Line header_line(const std::vector<Column>& columns);
Line row_line(const std::vector<Column>& columns, const FlowGroup& group, const RowText& text,
              const Picture& picture, Glyphs glyphs);

} // namespace twtrace
