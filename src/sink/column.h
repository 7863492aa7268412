// One cell of a table.
#pragma once

#include <string>
#include <string_view>

namespace twtrace {

/// Appends text made printable, padded to width and followed by a space. Text too long for its
/// column is cut and marked with '+'; a number (right) is never cut. Width 0: the last column, of
/// any length, with no space after it.
void append_column(std::string& out, std::string_view text, int width, bool right);

/// The same, but text too long for its column moves the rest of the line to the right.
void append_uncut_column(std::string& out, std::string_view text, int width, bool right);

} // namespace twtrace
