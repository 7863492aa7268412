// The columns that text takes on a terminal. Needs an LC_CTYPE of UTF-8 (main() sets C.UTF-8).
#pragma once

#include <string_view>

namespace twtrace {

struct Character {
    std::string_view bytes;
    int width; ///< from wcwidth(): 0 has no cell, -1 is not printable
};

/// The first character of valid UTF-8 (as append_printable() makes it), which is not empty.
Character first_character(std::string_view text);

/// Columns that valid UTF-8 takes: two for a double-width character.
int width_of(std::string_view text);

/// The longest prefix of valid UTF-8 that takes at most `width` columns.
std::string_view front_of(std::string_view text, int width);

} // namespace twtrace
