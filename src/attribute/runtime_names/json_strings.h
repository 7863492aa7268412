// The strings of a JSON document that a caller asks for, without building the document: the text
// comes from files that may be large, deep or broken.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace twtrace {

/// From the root to a string: keys of objects, and for elements of an array their index in
/// brackets, "[3]".
using JsonPath = std::vector<std::string>;

inline constexpr std::size_t max_json_depth = 64;

/// Calls visit(path, text) for each string value. False: it is no JSON, or is nested deeper than
/// max_json_depth; what was visited until then is not to be used.
bool each_json_string(std::string_view json,
                      const std::function<void(const JsonPath&, const std::string&)>& visit);

} // namespace twtrace
