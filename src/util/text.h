// Makes untrusted text (comm, cgroup paths) safe for its output format.
#pragma once

#include <string>
#include <string_view>

namespace twtrace {

/// Appends text as the inside of a JSON string: control characters, quotes, backslashes and bytes
/// that are not UTF-8 escaped (a stray byte becomes U+FFFD).
void append_json(std::string& out, std::string_view text);
/// Whether text is printable ASCII without quotes and backslashes, which append_json() leaves
/// unchanged.
bool is_plain_json(std::string_view text);

/// Appends text as one CSV field (RFC 4180), quoted if necessary. A field that begins with '=',
/// '+', '-' or '@' gets a leading apostrophe: spreadsheets would run it as a formula. Control
/// characters become '?': a newline inside a field breaks line-oriented tools.
void append_csv(std::string& out, std::string_view text);

/// Appends text for a terminal: control characters and bytes that are not UTF-8 become '?', so that
/// no name can move the cursor.
void append_printable(std::string& out, std::string_view text);

/// The same as a returned string, for messages that quote input.
std::string printable(std::string_view text);

/// Appends text with each byte that is not UTF-8 replaced by U+FFFD; control characters stay (a
/// JSON writer escapes them).
void append_utf8(std::string& out, std::string_view text);

} // namespace twtrace
