// The state that the user has chosen, and the effect of keys on it.
#pragma once

#include <optional>
#include <string>

#include "top/rows.h"

namespace twtrace {

struct Key {
    enum class Kind {
        Text,
        Up,
        Down,
        Left,
        Right,
        PageUp,
        PageDown,
        Home,
        End,
        Enter,
        Escape,
        Backspace
    };
    Kind kind = Kind::Text;
    std::string text; ///< of Kind::Text: one character, UTF-8
};

struct State {
    enum class Page { Table, Group, Help };

    GroupBy by = GroupBy::Process;
    Sort sort = Sort::Rate;
    std::string filter;
    bool typing = false; ///< the filter
    bool paused = false;
    bool quit = false;
    Page page = Page::Table;
    Page below_help = Page::Table;
    std::optional<GroupKey> selected; ///< none: the first row
    std::size_t cursor = 0;           ///< its row
    std::size_t first = 0;            ///< the first visible row of the table
    GroupKey open;                    ///< on Page::Group
    std::size_t scroll = 0;           ///< the first visible line of the group or the help

    /// rows: the rows of the table, of which `visible` fit. True: the groups have to be rebuilt.
    bool press(const Key& key, const Rows& rows, std::size_t visible);
    /// Call after rows or their number changed: the cursor stays on its group, and is visible.
    void settle(const Rows& rows, std::size_t visible);

  private:
    void press_in_filter(const Key& key);
    bool press_in_table(const Key& key, const Rows& rows, std::size_t visible);
    void press_in_page(const Key& key, std::size_t visible);
    void move_to(std::size_t row, const Rows& rows);
    bool press_common(char letter);
};

} // namespace twtrace
