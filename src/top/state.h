// What the person at the keyboard has chosen, and what keys do to it.
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
    std::optional<GroupKey> selected; ///< none: whatever is the first row
    std::size_t cursor = 0;           ///< its row
    std::size_t first = 0;            ///< the first visible row of the table
    GroupKey open;                    ///< on Page::Group
    std::size_t scroll = 0;           ///< the first visible line of the group or the help

    /// rows: what is on the screen, of which `visible` fit. True: groups have to be made anew.
    bool press(const Key& key, const Rows& rows, std::size_t visible);
    /// After rows or their number changed: the cursor stays on its group, and is visible.
    void settle(const Rows& rows, std::size_t visible);

  private:
    void press_in_filter(const Key& key);
    bool press_in_table(const Key& key, const Rows& rows, std::size_t visible);
    void press_in_page(const Key& key, std::size_t visible);
    void move_to(std::size_t row, const Rows& rows);
    bool press_common(char letter);
};

} // namespace twtrace
