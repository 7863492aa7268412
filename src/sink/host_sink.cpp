#include "sink/host_sink.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "sink/column.h"
#include "util/text.h"

namespace twtrace {

namespace {

std::string_view word(Allowed allowed) {
    switch (allowed) {
    case Allowed::Yes:
        return "yes";
    case Allowed::No:
        return "no";
    case Allowed::Unneeded:
        return "-";
    }
    return {};
}

} // namespace

void append_host_table(const HostReport& report, std::string& out) {
    constexpr int name_width = 26;
    constexpr int found_width = 34;
    out += fmt::format("kernel {} on {}\n\n", printable(report.kernel), printable(report.host));
    append_column(out, "WHAT", name_width, false);
    append_column(out, "OK", 4, false);
    append_column(out, "FOUND", found_width, false);
    out += "THEN\n";
    for (const HostCheck& check : report.checks) {
        append_column(out, check.name, name_width, false);
        append_column(out, word(check.allowed), 4, false);
        append_uncut_column(out, check.found, found_width, false);
        append_column(out, check.allowed == Allowed::Yes ? "" : check.without, 0, false);
        out.erase(out.find_last_not_of(' ') + 1);
        out += '\n';
    }
    out += report.can_trace() ? "\ntwtrace can trace here.\n"
                              : "\ntwtrace cannot trace here: " + printable(report.refusal) + "\n";
}

void append_host_json(const HostReport& report, std::string& out) {
    using Json = nlohmann::ordered_json;
    Json document{
        {"schema", "twtrace.host/1"},
        {"host", printable(report.host)},
        {"kernel", printable(report.kernel)},
        {"can_trace", report.can_trace()},
        {"refusal", report.can_trace() ? Json(nullptr) : Json(printable(report.refusal))}};
    document["checks"] = Json::array();
    for (const HostCheck& check : report.checks)
        document["checks"].push_back(
            {{"name", check.name},
             {"allowed", check.allowed == Allowed::Unneeded ? Json(nullptr)
                                                            : Json(check.allowed == Allowed::Yes)},
             {"required", check.required},
             {"found", printable(check.found)},
             {"without", check.without}});
    out += document.dump(2) + "\n";
}

} // namespace twtrace
