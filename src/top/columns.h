// The table's columns: which of them fit, and how wide they are.
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

/// What the visible rows would like to have.
struct Wishes {
    int service = 0;
    int peer = 0;
};

/// The most important columns that fit, in the order of the screen; what is left over goes to names
/// first, then to the minute.
std::vector<Column> columns_for(GroupBy by, int columns, const Wishes& wishes);

Line header_line(const std::vector<Column>& columns);
Line row_line(const std::vector<Column>& columns, const FlowGroup& group, const RowText& text,
              const Picture& picture, Glyphs glyphs);

} // namespace twtrace
