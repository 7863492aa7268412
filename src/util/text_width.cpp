#include "util/text_width.h"

#include <cstdint>
#include <cwchar>

namespace twtrace {

namespace {

// Terminals give a cell to a character that this C library does not know.
int cells_of(const Character& character) {
    return character.width < 0 ? 1 : character.width;
}

} // namespace

Character first_character(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text[0]);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (length == 1 || length > text.size())
        return {text.substr(0, 1), 1};
    auto code = static_cast<std::uint32_t>(lead & (0x7FU >> length));
    for (std::size_t at = 1; at < length; ++at)
        code = code << 6U | (static_cast<unsigned char>(text[at]) & 0x3FU);
    return {text.substr(0, length), wcwidth(static_cast<wchar_t>(code))};
}

int width_of(std::string_view text) {
    int width = 0;
    while (!text.empty()) {
        const Character character = first_character(text);
        width += cells_of(character);
        text.remove_prefix(character.bytes.size());
    }
    return width;
}

std::string_view front_of(std::string_view text, int width) {
    std::size_t length = 0;
    while (length < text.size()) {
        const Character character = first_character(text.substr(length));
        width -= cells_of(character);
        if (width < 0)
            break;
        length += character.bytes.size();
    }
    return text.substr(0, length);
}

} // namespace twtrace
