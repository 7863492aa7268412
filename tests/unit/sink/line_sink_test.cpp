#include "catch2.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "events.h"
#include "golden.h"
#include "sink/line_sink.h"

using namespace twtrace;
using namespace twtrace::test;

namespace {

Event port_exhausted() {
    Event event = client_v4();
    event.type = EventType::PortExhausted;
    event.stage = Stage::None;
    event.how = How::Unknown;
    event.local = {};
    event.local_port = 0;
    event.established_ns = event.fin_wait1_ns = 0;
    return event;
}

Event of_type(EventType type) {
    Event event = client_v4();
    event.type = type;
    event.stage = Stage::None;
    return event;
}

std::vector<Event> each_kind() {
    Event exit = client_v4();
    exit.how = How::Exit;
    Event kernel = client_v4();
    kernel.how = How::Kernel;
    Event inferred = client_v4();
    inferred.role_inferred = true;
    return {client_v4(),
            longest_v6(),
            unknown_closer(),
            hostile_comm(),
            exit,
            kernel,
            inferred,
            port_exhausted(),
            of_type(EventType::PassiveClose),
            of_type(EventType::Aborted)};
}

std::string document(Format format, bool wide) {
    LineSink sink(format, wide);
    std::string out;
    sink.header(out);
    for (const Event& event : each_kind())
        sink.line(event, out);
    return out;
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    for (std::size_t start = 0; start < text.size();) {
        const std::size_t end = text.find('\n', start);
        REQUIRE(end != std::string::npos); // every line is complete
        lines.push_back(text.substr(start, end - start));
        start = end + 1;
    }
    return lines;
}

// The fields of a line of CSV (RFC 4180; no field contains a newline here).
std::vector<std::string> csv_fields(const std::string& line) {
    std::vector<std::string> fields(1);
    bool quoted = false;
    for (std::size_t at = 0; at < line.size(); ++at) {
        if (quoted && line[at] == '"' && at + 1 < line.size() && line[at + 1] == '"')
            fields.back() += line[++at];
        else if (line[at] == '"')
            quoted = !quoted;
        else if (line[at] == ',' && !quoted)
            fields.emplace_back();
        else
            fields.back() += line[at];
    }
    CHECK_FALSE(quoted);
    return fields;
}

const std::vector<std::string> keys = {
    "type",        "time",          "stage",       "how",
    "role",        "role_inferred", "pid",         "tid",
    "comm",        "uid",           "service",     "unit",
    "container",   "cgroup",        "netns",       "family",
    "local_addr",  "local_port",    "remote_addr", "remote_port",
    "lifetime_us", "close_us",      "bytes_sent",  "bytes_received",
    "reason",      "timestamps",    "netns_name",  "ppid",
    "parent",      "cmdline",       "program",     "container_name",
    "pod",         "pod_namespace", "workload",    "remote_service",
    "remote_name"};

} // namespace

TEST_CASE("trace lines: golden text") {
    for (const auto& [name, format, wide] : {std::tuple("trace-table.txt", Format::Table, false),
                                             std::tuple("trace-wide.txt", Format::Table, true),
                                             std::tuple("trace.json", Format::Json, false),
                                             std::tuple("trace.csv", Format::Csv, false)}) {
        const std::string text = document(format, wide);
        CHECK(text == golden(name, text));
    }
}

TEST_CASE("trace table: no line is wider than 100 columns, however long addresses and ids are") {
    Event longest = longest_v6();
    std::vector<Event> events = each_kind();
    for (const Role role : {Role::Client, Role::Server})
        for (const How how : {How::Close, How::Shutdown, How::Exit, How::Kernel})
            for (const EventType type : {EventType::TimeWait, EventType::PassiveClose,
                                         EventType::Aborted, EventType::PortExhausted}) {
                longest.role = role;
                longest.how = how;
                longest.type = type;
                events.push_back(longest);
            }
    LineSink sink(Format::Table, false);
    std::string out;
    sink.header(out);
    for (const Event& event : events)
        sink.line(event, out);
    for (const std::string& line : lines_of(out)) {
        CAPTURE(line);
        CHECK(line.size() <= 100);
    }
}

TEST_CASE("trace table: unknown values are dashes, ids and addresses are never cut") {
    LineSink sink(Format::Table, false);
    std::string out;
    sink.line(unknown_closer(), out);
    CHECK(out.find(" - ") != std::string::npos);
    CHECK(out.find("unknown") == std::string::npos);
    out.clear();
    sink.line(longest_v6(), out);
    for (const char* part :
         {" 4194304 ", " 65535 ", " 65534 ", "fd00:aaaa:bbbb:cccc:dddd:eeee:ffff:1234"})
        CHECK(out.find(part) != std::string::npos);
}

TEST_CASE("trace table: the peer has its name and its service where they are known") {
    const auto last = [](const char* service, const char* name) {
        Event event = client_v4();
        event.remote_service = service;
        event.remote_name = name;
        LineSink sink(Format::Table, false);
        std::string out;
        sink.line(event, out);
        return out.substr(out.find(" 8080 ") + 6);
    };
    CHECK(last("", "") == "10.0.0.20\n");
    CHECK(last("redis", "") == "10.0.0.20 (redis)\n");
    CHECK(last("", "db.example") == "db.example\n");
    CHECK(last("redis", "db.example") == "db.example (redis)\n");
    const std::string long_name(253, 'a');
    CHECK(last(long_name.c_str(), long_name.c_str()).size() < 400);
}

TEST_CASE("trace table: columns of the wide table are aligned with their titles") {
    const auto lines = lines_of(document(Format::Table, true));
    const std::size_t local = lines[0].find("LADDR");
    CHECK(lines[1].find("127.0.0.1") == local);
    CHECK(lines[1].substr(lines[0].find("SERVICE")).starts_with("nginx.service "));
}

TEST_CASE("trace table: the wide table does not cut values") {
    LineSink sink(Format::Table, true);
    std::string out;
    sink.line(longest_v6(), out);
    CHECK(out.find(longest_v6().owner->unit) != std::string::npos);
    CHECK(out.find(longest_v6().owner->cgroup) != std::string::npos);
}

TEST_CASE("trace JSON: one valid line for each event, with exactly the keys of docs/output.md") {
    const auto lines = lines_of(document(Format::Json, false));
    REQUIRE(lines.size() == each_kind().size());
    for (const std::string& line : lines) {
        CAPTURE(line);
        const auto object = nlohmann::ordered_json::parse(line);
        std::vector<std::string> got;
        for (const auto& [key, value] : object.items())
            got.push_back(key);
        CHECK(got == keys);
    }
}

TEST_CASE("trace JSON: numbers are numbers, flags are flags, text is text") {
    const auto lines = lines_of(document(Format::Json, false));
    const auto object = nlohmann::json::parse(lines[0]);
    for (const char* key : {"pid", "tid", "uid", "netns", "family", "local_port", "remote_port",
                            "lifetime_us", "close_us", "bytes_sent", "bytes_received"})
        CHECK(object[key].is_number_unsigned());
    for (const char* key : {"type", "time", "stage", "how", "role", "comm", "service", "unit",
                            "cgroup", "local_addr", "remote_addr"})
        CHECK(object[key].is_string());
    CHECK(object["role_inferred"].is_boolean());
    CHECK(object["container"].is_null());
    CHECK(nlohmann::json::parse(lines[1])["bytes_received"] == 18446744073709551615U);
}

TEST_CASE("trace JSON: unknown values are null") {
    const auto object = nlohmann::json::parse(lines_of(document(Format::Json, false))[2]);
    for (const char* key : {"how", "role", "pid", "tid", "comm", "uid", "service", "unit",
                            "container", "cgroup", "netns", "lifetime_us", "close_us"}) {
        CAPTURE(key);
        CHECK(object[key].is_null());
    }
    CHECK(object["role_inferred"] == false);
}

TEST_CASE("trace JSON: a hostile name is unchanged, except for bytes that are no text") {
    const auto object = nlohmann::json::parse(lines_of(document(Format::Json, false))[3]);
    CHECK(object["comm"] == "\x1b[2J\",\n\\\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd'=1");
}

TEST_CASE("trace CSV: the same keys as the header, and as many fields in every line") {
    const auto lines = lines_of(document(Format::Csv, false));
    REQUIRE(lines.size() == each_kind().size() + 1);
    CHECK(csv_fields(lines[0]) == keys);
    for (const std::string& line : lines) {
        CAPTURE(line);
        CHECK(csv_fields(line).size() == keys.size());
    }
    const auto known = csv_fields(lines[1]);
    CHECK(known[6] == "1234");
    CHECK(known[12].empty()); // container
    const auto hostile = csv_fields(lines[4]);
    CHECK(hostile[8] == "?[2J\",?\\??"
                        "?'=1");
}

TEST_CASE("trace: -w changes only tables") {
    CHECK(document(Format::Json, true) == document(Format::Json, false));
    CHECK(document(Format::Csv, true) == document(Format::Csv, false));
    CHECK(document(Format::Table, true) != document(Format::Table, false));
}

TEST_CASE("trace: lines do not depend on those before them") {
    for (const Format format : {Format::Table, Format::Json, Format::Csv}) {
        LineSink used(format, false);
        std::string ignored;
        used.line(longest_v6(), ignored);
        used.line(unknown_closer(), ignored);
        std::string after;
        used.line(client_v4(), after);
        LineSink fresh(format, false);
        std::string first;
        fresh.line(client_v4(), first);
        CHECK(after == first);
    }
}

TEST_CASE("lines: columns of --ends exist only with --ends") {
    Event end = client_v4();
    end.type = EventType::TimeWaitEnd;
    end.reason = Reason::ReusedConnect;
    end.entered_ns = end.time_ns - 1'050'000'000U;
    for (const bool wide : {false, true})
        for (const Format format : {Format::Table, Format::Json, Format::Csv}) {
            std::string without;
            LineSink(format, wide).header(without);
            LineSink(format, wide).line(client_v4(), without);
            CHECK(without.find("held_us") == std::string::npos);
            CHECK(without.find("HELD") == std::string::npos);
            LineSink sink(format, wide, true);
            std::string with;
            sink.header(with);
            sink.line(end, with);
            if (format == Format::Json)
                CHECK(nlohmann::json::parse(with)["held_us"] == 1'050'000);
            else if (format == Format::Csv)
                CHECK(with.find(",1050000\n") != std::string::npos);
            else
                CHECK(with.find(wide ? " 1050000\n" : "reused      1.0s") != std::string::npos);
        }
}
