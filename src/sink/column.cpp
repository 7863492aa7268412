#include "sink/column.h"

#include "util/text.h"

namespace twtrace {

namespace {

bool starts_character(char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
}

std::size_t characters(std::string_view text) {
    std::size_t count = 0;
    for (char byte : text)
        count += starts_character(byte) ? 1U : 0U;
    return count;
}

// The longest prefix of text with at most count characters (UTF-8).
std::string_view front(std::string_view text, std::size_t count) {
    std::size_t at = 0;
    for (std::size_t seen = 0; at < text.size(); ++at) {
        if (starts_character(text[at]) && seen++ == count)
            break;
    }
    return text.substr(0, at);
}

// Pads the text that was appended at start.
void pad(std::string& out, std::size_t start, std::size_t columns, bool right) {
    const std::size_t length = characters(std::string_view(out).substr(start));
    if (length < columns && right)
        out.insert(start, columns - length, ' ');
    else if (length < columns)
        out.append(columns - length, ' ');
    out += ' ';
}

} // namespace

void append_uncut_column(std::string& out, std::string_view text, int width, bool right) {
    const std::size_t start = out.size();
    append_printable(out, text);
    if (width > 0)
        pad(out, start, static_cast<std::size_t>(width), right);
}

void append_column(std::string& out, std::string_view text, int width, bool right) {
    const std::size_t start = out.size();
    append_printable(out, text);
    if (width == 0)
        return;
    const auto columns = static_cast<std::size_t>(width);
    // A number is never cut: a wide line is better than a wrong number.
    if (!right && characters(std::string_view(out).substr(start)) > columns) {
        out.resize(start + front(std::string_view(out).substr(start), columns - 1).size());
        out += '+';
    }
    pad(out, start, columns, right);
}

} // namespace twtrace
