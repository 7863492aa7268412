#include "report/bounds.h"

#include <algorithm>
#include <string>

namespace twtrace {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t max_groups = 300;
constexpr std::size_t max_peers = 2000;
constexpr std::size_t max_text_bytes = 600;

std::size_t keep_first(Json& array, std::size_t limit) {
    const std::size_t left_out = array.size() - std::min(array.size(), limit);
    array.erase(array.begin() + static_cast<std::ptrdiff_t>(array.size() - left_out), array.end());
    return left_out;
}

} // namespace

std::size_t keep_first(Json& document, const char* list, std::size_t limit) {
    const auto found = document.find(list);
    return found != document.end() && found->is_array() ? keep_first(*found, limit) : 0;
}

Json bounded_summary(Json& summary) {
    Json left_out{{"groups", keep_first(summary, "groups", max_groups)}};
    std::size_t peers_left = max_peers;
    std::size_t peers = 0;
    if (summary.contains("groups"))
        for (Json& group : summary["groups"]) {
            peers += keep_first(group, "peers", peers_left);
            peers_left -= group.contains("peers") ? group["peers"].size() : 0;
        }
    left_out["peers"] = peers;
    return left_out;
}

void cut_texts(Json& value) {
    if (value.is_string()) {
        auto& text = value.get_ref<std::string&>();
        if (text.size() <= max_text_bytes)
            return;
        std::size_t end = max_text_bytes;
        while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U)
            --end; // do not cut within a UTF-8 character
        text = text.substr(0, end) + "\u2026";
        return;
    }
    if (value.is_structured())
        for (Json& part : value)
            cut_texts(part);
}

} // namespace twtrace
