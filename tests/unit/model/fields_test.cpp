#include "catch2.h"

#include <set>
#include <string>
#include <vector>

#include "events.h"
#include "model/fields.h"

using namespace twtrace;
using namespace twtrace::test;

namespace {

std::vector<std::string> keys() {
    std::vector<std::string> keys;
    for (const auto& field : fields_of<Event>())
        if (!field.key.empty())
            keys.emplace_back(field.key);
    return keys;
}

std::string value(const Event& event, std::string_view key) {
    for (const auto& field : fields_of<Event>()) {
        TextBuffer buffer{};
        if (field.key == key) {
            const std::string text(field.text(event, buffer));
            return text.empty() ? "(unknown)" : text;
        }
    }
    return "(no such field)";
}

} // namespace

TEST_CASE("fields: the keys of docs/output.md, in their order") {
    CHECK(keys() ==
          std::vector<std::string>{"type",        "time",          "stage",       "how",
                                   "role",        "role_inferred", "pid",         "tid",
                                   "comm",        "uid",           "service",     "unit",
                                   "container",   "cgroup",        "netns",       "family",
                                   "local_addr",  "local_port",    "remote_addr", "remote_port",
                                   "lifetime_us", "close_us",      "bytes_sent",  "bytes_received",
                                   "reason",      "timestamps",    "netns_name",  "ppid",
                                   "parent",      "cmdline",       "program",     "container_name",
                                   "pod",         "pod_namespace", "workload",    "remote_service",
                                   "remote_name", "held_us"});
}

TEST_CASE("fields: each key occurs once, and each field is shown in a table") {
    const auto all = keys();
    CHECK(std::set<std::string>(all.begin(), all.end()).size() == all.size());
    for (const auto& field : fields_of<Event>()) {
        CAPTURE(std::string(field.title));
        CHECK_FALSE(field.title.empty());
        CHECK_FALSE(field.help.empty());
        CHECK((field.narrow || field.wide));
    }
}

TEST_CASE("fields: values of an event that is known in full") {
    const Event event = client_v4();
    CHECK(value(event, "type") == "time_wait");
    CHECK(value(event, "time") == "2026-11-22T09:00:00.123456789Z");
    CHECK(value(event, "stage") == "time_wait");
    CHECK(value(event, "how") == "close");
    CHECK(value(event, "role") == "client");
    CHECK(value(event, "role_inferred") == "false");
    CHECK(value(event, "pid") == "1234");
    CHECK(value(event, "tid") == "1235");
    CHECK(value(event, "comm") == "nginx");
    CHECK(value(event, "uid") == "33");
    CHECK(value(event, "service") == "nginx.service");
    CHECK(value(event, "unit") == "nginx.service");
    CHECK(value(event, "container") == "(unknown)");
    CHECK(value(event, "cgroup") == "/system.slice/nginx.service");
    CHECK(value(event, "netns") == "4026531840");
    CHECK(value(event, "family") == "4");
    CHECK(value(event, "local_addr") == "127.0.0.1");
    CHECK(value(event, "local_port") == "45678");
    CHECK(value(event, "remote_addr") == "10.0.0.20");
    CHECK(value(event, "remote_port") == "8080");
    CHECK(value(event, "lifetime_us") == "1500");
    CHECK(value(event, "close_us") == "42");
    CHECK(value(event, "bytes_sent") == "1234");
    CHECK(value(event, "bytes_received") == "56789");
    CHECK(value(event, "timestamps") == "true");
}

TEST_CASE("fields: root's uid is 0, and that is known") {
    Event event = client_v4();
    event.task.uid = 0;
    CHECK(value(event, "uid") == "0");
}

TEST_CASE("fields: an unknown value is neither 0 nor a word") {
    const Event event = unknown_closer();
    for (const char* key : {"how", "role", "pid", "tid", "comm", "uid", "service", "unit",
                            "container", "cgroup", "netns", "lifetime_us", "close_us"})
        CHECK(value(event, key) == "(unknown)");
    Event no_port = client_v4();
    no_port.type = EventType::PortExhausted;
    no_port.stage = Stage::None;
    no_port.local_port = 0;
    no_port.local = {};
    CHECK(value(no_port, "type") == "port_exhausted");
    CHECK(value(no_port, "stage") == "(unknown)");
    CHECK(value(no_port, "local_port") == "(unknown)");
    CHECK(value(no_port, "local_addr") == "(unknown)");
}

TEST_CASE("fields: a minisock's event has no numbers of its connection") {
    Event end = client_v4();
    end.type = EventType::TimeWaitEnd;
    end.reason = Reason::ReusedConnect;
    end.established_ns = 0;
    end.fin_wait1_ns = 0;
    end.entered_ns = end.time_ns - 1'234'567'890U;
    CHECK(value(end, "type") == "time_wait_end");
    CHECK(value(end, "stage") == "time_wait");
    CHECK(value(end, "reason") == "reused_by_connect");
    CHECK(value(end, "held_us") == "1234567");
    for (const char* key : {"lifetime_us", "close_us", "bytes_sent", "bytes_received"})
        CHECK(value(end, key) == "(unknown)");
    end.entered_ns = 0;
    CHECK(value(end, "held_us") == "(unknown)");
    CHECK(value(client_v4(), "held_us") == "(unknown)");
}

TEST_CASE("fields: an event without known values has only the fields that are always known") {
    Event nothing;
    nothing.role_inferred = true; // the role is not known: no mark
    std::set<std::string> known;
    TextBuffer buffer{};
    for (const auto& field : fields_of<Event>())
        if (!field.text(nothing, buffer).empty())
            known.insert(std::string(field.title));
    CHECK(known == std::set<std::string>{"TYPE", "TIME", "INF", "SENT", "RECEIVED"});
}

TEST_CASE("event: inconsistent times are unknown") {
    Event event = client_v4();
    event.fin_wait1_ns = event.established_ns - 1;
    CHECK_FALSE(event.lifetime_us());
    event.fin_wait1_ns = event.time_ns + 1;
    CHECK_FALSE(event.close_us());
    event.fin_wait1_ns = event.established_ns;
    CHECK(event.lifetime_us() == 0U);
}

TEST_CASE("event: the service port is that of the side which listens") {
    Event event = client_v4();
    CHECK(event.service_port() == 8080);
    event.role = Role::Server;
    CHECK(event.service_port() == 45678);
    event.role = Role::Unknown;
    CHECK(event.service_port() == 0);
}

TEST_CASE("event: a name of sixteen bytes without a NUL is read whole and no further") {
    Event event;
    event.task.comm_bytes.fill('x');
    CHECK(event.task.comm() == std::string(16, 'x'));
}

TEST_CASE("event: names as docs/output.md spells them") {
    CHECK(name_of(EventType::TimeWait) == "time_wait");
    CHECK(name_of(EventType::PassiveClose) == "passive_close");
    CHECK(name_of(EventType::Aborted) == "aborted");
    CHECK(name_of(EventType::PortExhausted) == "port_exhausted");
    CHECK(name_of(EventType::TimeWaitStart) == "time_wait_start");
    CHECK(name_of(EventType::TimeWaitEnd) == "time_wait_end");
    CHECK(name_of(Reason::Expired) == "expired");
    CHECK(name_of(Reason::ReusedConnect) == "reused_by_connect");
    CHECK(name_of(Reason::ReusedSyn) == "reused_by_syn");
    CHECK(name_of(Reason::Purged) == "purged");
    CHECK(name_of(Reason::Destroyed) == "destroyed");
    CHECK(name_of(Stage::TimeWait) == "time_wait");
    CHECK(name_of(Stage::FinWait2) == "fin_wait2");
    CHECK(name_of(Stage::None).empty());
    CHECK(name_of(How::Close) == "close");
    CHECK(name_of(How::Shutdown) == "shutdown");
    CHECK(name_of(How::Exit) == "exit");
    CHECK(name_of(How::Kernel) == "kernel");
    CHECK(name_of(How::Unknown).empty());
    CHECK(name_of(Role::Client) == "client");
    CHECK(name_of(Role::Server) == "server");
    CHECK(name_of(Role::Unknown).empty());
}
