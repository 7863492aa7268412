// Any bytes are made safe: valid JSON, one field of CSV, nothing that moves the cursor.
#include <string>

#include <nlohmann/json.hpp>

#include "fuzz.h"
#include "sink/column.h"
#include "util/text.h"

namespace {

using namespace twtrace;
using namespace twtrace::fuzz;

void check_json(std::string_view text) {
    std::string json = "\"";
    append_json(json, text);
    json += '"';
    require(!has_control_characters(json));
    const std::string back = nlohmann::json::parse(json).get<std::string>();
    std::string utf8;
    append_utf8(utf8, text);
    require(back == utf8);
    require(!nlohmann::json(utf8).dump().empty());
}

void check_csv(std::string_view text) {
    std::string field;
    append_csv(field, text);
    require(!has_control_characters(field));
    const bool quoted = !field.empty() && field.front() == '"';
    require(quoted || field.find_first_of(",\"") == std::string::npos);
    if (!quoted)
        return;
    require(field.size() >= 2 && field.back() == '"');
    // Inside the field, quotes occur only in pairs.
    for (std::size_t at = 1; at + 1 < field.size(); ++at)
        if (field[at] == '"')
            require(++at + 1 < field.size() && field[at] == '"');
}

void check_terminal(std::string_view text) {
    std::string safe = printable(text);
    require(!has_control_characters(safe));
    require(safe.size() <= text.size());
    for (std::size_t at = 0; at + 1 < safe.size(); ++at) // C1 control characters
        require(!(safe[at] == '\xc2' && static_cast<unsigned char>(safe[at + 1]) < 0xa0));
    for (const int width : {0, 1, 5, 15}) {
        std::string cell;
        append_column(cell, text, width, false);
        require(!has_control_characters(cell));
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = text_of(data, size);
    check_json(text);
    check_csv(text);
    check_terminal(text);
    return 0;
}
