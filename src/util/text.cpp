#include "util/text.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace twtrace {

namespace {

bool is_plain(unsigned char byte) {
    return byte >= 0x20 && byte < 0x7f;
}

constexpr std::uint64_t eight(std::uint64_t byte) {
    return byte * 0x0101010101010101U;
}

// Not 0 if and only if one of eight bytes is 0; a byte above it may be marked too.
std::uint64_t zeros(std::uint64_t bytes) {
    return (bytes - eight(1)) & ~bytes & eight(0x80);
}

// Not 0 if one of eight bytes is a control character, a quote, a backslash or above ASCII.
std::uint64_t not_plain_bytes(const char* text) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, text, sizeof(bytes));
    const std::uint64_t below_blank = (bytes - eight(0x20)) & ~bytes & eight(0x80);
    const std::uint64_t above_tilde = (bytes + eight(0x01)) | bytes;
    return below_blank | (above_tilde & eight(0x80)) | zeros(bytes ^ eight('"')) |
           zeros(bytes ^ eight('\\'));
}

bool is_continuation(std::string_view text, std::size_t at) {
    return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U;
}

// The length of the UTF-8 sequence at the front (RFC 3629); 0 if it is invalid or a C1 control
// character.
std::size_t sequence_length(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text[0]);
    if (lead < 0x80)
        return 1;
    std::size_t length = 0;
    if (lead >= 0xC2 && lead <= 0xDF)
        length = 2;
    else if (lead >= 0xE0 && lead <= 0xEF)
        length = 3;
    else if (lead >= 0xF0 && lead <= 0xF4)
        length = 4;
    else
        return 0;
    for (std::size_t at = 1; at < length; ++at)
        if (!is_continuation(text, at))
            return 0;
    const auto second = static_cast<unsigned char>(text[1]);
    const bool overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
    const bool surrogate = lead == 0xED && second >= 0xA0;
    const bool too_large = lead == 0xF4 && second >= 0x90;
    const bool control = lead == 0xC2 && second < 0xA0;
    return overlong || surrogate || too_large || control ? 0 : length;
}

// Invisible characters that reorder the surrounding text or begin a line: with them a name could
// appear as another one, or change its neighbours (Unicode, UAX #9, 2). U+061C, U+200E to U+200F,
// U+2028 to U+202E, U+2066 to U+2069.
bool is_format_control(std::string_view sequence) {
    if (sequence == "\xD8\x9C")
        return true;
    if (sequence.size() != 3 || sequence[0] != '\xE2')
        return false;
    const auto last = static_cast<unsigned char>(sequence[2]);
    if (sequence[1] == '\x81')
        return last >= 0xA6 && last <= 0xA9;
    return sequence[1] == '\x80' &&
           ((last >= 0x8E && last <= 0x8F) || (last >= 0xA8 && last <= 0xAE));
}

// Length of the prefix that is plain and does not contain `except`. Nearly all text is plain, and
// is copied in one piece.
std::size_t plain_length(std::string_view text, char except = '\0') {
    std::size_t length = 0;
    while (length < text.size() && is_plain(static_cast<unsigned char>(text[length])) &&
           text[length] != '"' && text[length] != except)
        ++length;
    return length;
}

void append_front(std::string& out, std::string_view& text, std::size_t length) {
    out.append(text, 0, length);
    text.remove_prefix(length);
}

// Copies text, with control characters of all kinds and broken sequences replaced.
void append_replaced(std::string& out, std::string_view text) {
    for (append_front(out, text, plain_length(text)); !text.empty();) {
        const std::size_t length = sequence_length(text);
        const auto byte = static_cast<unsigned char>(text[0]);
        const bool control =
            (length == 1 && !is_plain(byte)) || is_format_control(text.substr(0, length));
        if (length == 0 || control) {
            out += '?';
            text.remove_prefix(std::max<std::size_t>(length, 1));
            continue;
        }
        out += text.substr(0, length);
        text.remove_prefix(length);
    }
}

void append_json_byte(std::string& out, unsigned char byte) {
    constexpr std::string_view digits = "0123456789abcdef";
    switch (byte) {
    case '"':
        out += "\\\"";
        return;
    case '\\':
        out += "\\\\";
        return;
    case '\n':
        out += "\\n";
        return;
    case '\t':
        out += "\\t";
        return;
    case '\r':
        out += "\\r";
        return;
    default:
        break;
    }
    if (is_plain(byte)) {
        out += static_cast<char>(byte);
        return;
    }
    out += "\\u00";
    out += digits[byte >> 4U];
    out += digits[byte & 15U];
}

} // namespace

bool is_plain_json(std::string_view text) {
    std::uint64_t found = 0;
    std::size_t at = 0;
    for (; at + sizeof(std::uint64_t) <= text.size(); at += sizeof(std::uint64_t))
        found |= not_plain_bytes(text.data() + at);
    bool plain = found == 0;
    for (; at < text.size(); ++at)
        plain = plain && is_plain(static_cast<unsigned char>(text[at])) && text[at] != '"' &&
                text[at] != '\\';
    return plain;
}

void append_json(std::string& out, std::string_view text) {
    for (append_front(out, text, plain_length(text, '\\')); !text.empty();) {
        const std::size_t length = sequence_length(text);
        if (length == 0)
            out += "\\ufffd";
        else if (length == 1)
            append_json_byte(out, static_cast<unsigned char>(text[0]));
        else
            out += text.substr(0, length);
        text.remove_prefix(length == 0 ? 1 : length);
    }
}

void append_utf8(std::string& out, std::string_view text) {
    while (!text.empty()) {
        const std::size_t length = sequence_length(text);
        if (length == 0)
            out += "\xEF\xBF\xBD";
        else
            out += text.substr(0, length);
        text.remove_prefix(length == 0 ? 1 : length);
    }
}

void append_csv(std::string& out, std::string_view text) {
    // Spreadsheets interpret fields that begin with these as formulas. No number or address here
    // does.
    constexpr std::string_view formula = "=+-@";
    if (!text.empty() && formula.find(text.front()) != std::string_view::npos) {
        std::string quoted = "'";
        append_csv(out, quoted.append(text));
        return;
    }
    if (plain_length(text, ',') == text.size()) {
        out += text;
        return;
    }
    if (text.find_first_of(",\"") == std::string_view::npos) {
        append_replaced(out, text);
        return;
    }
    out += '"';
    for (std::size_t quote = text.find('"'); quote != std::string_view::npos;
         quote = text.find('"')) {
        append_replaced(out, text.substr(0, quote));
        out += "\"\"";
        text.remove_prefix(quote + 1);
    }
    append_replaced(out, text);
    out += '"';
}

void append_printable(std::string& out, std::string_view text) {
    append_replaced(out, text);
}

std::string printable(std::string_view text) {
    std::string out;
    append_replaced(out, text);
    return out;
}

} // namespace twtrace
