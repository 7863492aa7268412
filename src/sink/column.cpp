#include "sink/column.h"

#include "util/text.h"
#include "util/text_width.h"

namespace twtrace {

namespace {

// Pads the text that was appended at start.
void pad(std::string& out, std::size_t start, int columns, bool right) {
    const int missing = columns - width_of(std::string_view(out).substr(start));
    if (missing > 0)
        out.insert(right ? start : out.size(), static_cast<std::size_t>(missing), ' ');
    out += ' ';
}

} // namespace

void append_uncut_column(std::string& out, std::string_view text, int width, bool right) {
    const std::size_t start = out.size();
    append_printable(out, text);
    if (width > 0)
        pad(out, start, width, right);
}

void append_column(std::string& out, std::string_view text, int width, bool right) {
    const std::size_t start = out.size();
    append_printable(out, text);
    if (width == 0)
        return;
    // A number is never cut: a wide line is better than a wrong number.
    if (!right && width_of(std::string_view(out).substr(start)) > width) {
        out.resize(start + front_of(std::string_view(out).substr(start), width - 1).size());
        out += '+';
    }
    pad(out, start, width, right);
}

} // namespace twtrace
