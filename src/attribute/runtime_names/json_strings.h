// Extracts chosen strings of a JSON document without building the document: the file may be large,
// deeply nested or malformed.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace twtrace {

/// The path from the root to a string: keys of objects, and for array elements their index in
/// brackets, "[3]".
using JsonPath = std::vector<std::string>;

inline constexpr std::size_t max_json_depth = 64;

/// Calls visit(path, text) for each string value. False: invalid JSON, or nested deeper than
/// max_json_depth; results visited before that must be discarded.
bool each_json_string(std::string_view json,
                      const std::function<void(const JsonPath&, const std::string&)>& visit);

} // namespace twtrace
