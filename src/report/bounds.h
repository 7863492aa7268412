// Limits the part of a document that the page contains, so that the page opens fast.
#pragma once

#include <nlohmann/json.hpp>

namespace twtrace {

/// Removes the smallest groups and peers of a twtrace.summary/1; returns the numbers removed.
nlohmann::ordered_json bounded_summary(nlohmann::ordered_json& summary);
/// Keeps the first elements of a list in a document, at most this many; returns the number removed.
std::size_t keep_first(nlohmann::ordered_json& document, const char* list, std::size_t limit);
/// Shortens each text that is too long for the page.
void cut_texts(nlohmann::ordered_json& value);

} // namespace twtrace
