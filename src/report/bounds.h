// What a page holds of documents that may be of any size, so that it opens at once wherever it is
// sent to.
#pragma once

#include <nlohmann/json.hpp>

namespace twtrace {

/// Leaves out the smallest groups and peers of a twtrace.summary/1; returns how many of each.
nlohmann::ordered_json bounded_summary(nlohmann::ordered_json& summary);
/// Keeps so many of a list in a document; returns how many it left out.
std::size_t keep_first(nlohmann::ordered_json& document, const char* list, std::size_t most);
/// Cuts each text in it that is longer than anything the page has room for.
void cut_texts(nlohmann::ordered_json& value);

} // namespace twtrace
