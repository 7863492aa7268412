// Limits the part of documents of any size that a page contains, so that it opens fast.
#pragma once

#include <nlohmann/json.hpp>

namespace twtrace {

/// Removes the smallest groups and peers of a twtrace.summary/1; returns the numbers removed.
nlohmann::ordered_json bounded_summary(nlohmann::ordered_json& summary);
/// Keeps the first elements of a list in a document, at most this many; returns the number removed.
std::size_t keep_first(nlohmann::ordered_json& document, const char* list, std::size_t most);
/// Shortens each text that is longer than the page has room for.
void cut_texts(nlohmann::ordered_json& value);

} // namespace twtrace
