#include "catch2.h"

#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "model/event.h"
#include "model/fields.h"

using namespace twtrace;

TEST_CASE("deploy: the table for events has a column for each key", "[exporter]") {
    std::ifstream in(TWTRACE_SOURCE "/deploy/logs/clickhouse.sql");
    std::string line;
    std::set<std::string> columns;
    while (std::getline(in, line) && line.find("EXISTS twtrace.events") == std::string::npos) {
    }
    while (std::getline(in, line) && line.starts_with("    "))
        columns.insert(line.substr(4, line.find(' ', 4) - 4));
    std::set<std::string> keys{"host"}; // added by the program that writes the log
    for (const auto& field : fields_of<Event>())
        if (!field.key.empty())
            keys.emplace(field.key);
    CHECK(columns == keys);
}
