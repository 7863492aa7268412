#include "expected.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace live {

using nlohmann::json;

Task current_task() {
    std::array<char, 16> name{};
    prctl(PR_GET_NAME, name.data());
    return {getpid(), gettid(), getuid(), name.data()};
}

namespace {

json one_to_json(const Expected& e) {
    return {{"kind", e.kind},
            {"type", e.outcome.type},
            {"stage", e.outcome.stage},
            {"how", e.outcome.how},
            {"counted", static_cast<int>(e.outcome.counted)},
            {"reset_ends_it", e.outcome.reset_ends_it},
            {"pid", e.task.pid},
            {"tid", e.task.tid},
            {"uid", e.task.uid},
            {"comm", e.task.comm},
            {"role", e.role},
            {"family", e.family},
            {"local_addr", e.local.addr},
            {"local_port", e.local.port},
            {"remote_addr", e.remote.addr},
            {"remote_port", e.remote.port},
            {"bytes_sent", e.bytes_sent},
            {"bytes_received", e.bytes_received},
            {"doubtful", e.doubtful},
            {"active", e.active}};
}

Expected one_from_json(const json& j) {
    Expected e;
    e.kind = j.at("kind").get<std::string>();
    e.outcome = {j.at("type").get<std::string>(), j.at("stage").get<std::string>(),
                 j.at("how").get<std::string>(), static_cast<Counted>(j.at("counted").get<int>()),
                 j.at("reset_ends_it").get<bool>()};
    e.task = {j.at("pid").get<int>(), j.at("tid").get<int>(), j.at("uid").get<unsigned>(),
              j.at("comm").get<std::string>()};
    e.role = j.at("role").get<std::string>();
    e.family = j.at("family").get<int>();
    e.local = {j.at("local_addr").get<std::string>(), j.at("local_port").get<std::uint16_t>()};
    e.remote = {j.at("remote_addr").get<std::string>(), j.at("remote_port").get<std::uint16_t>()};
    e.bytes_sent = j.at("bytes_sent").get<std::uint64_t>();
    e.bytes_received = j.at("bytes_received").get<std::uint64_t>();
    e.doubtful = j.at("doubtful").get<bool>();
    e.active = j.at("active").get<bool>();
    return e;
}

} // namespace

json to_json(const std::vector<Expected>& events) {
    json all = json::array();
    for (const Expected& event : events) {
        all.push_back(one_to_json(event));
    }
    return all;
}

std::vector<Expected> expected_from_json(const json& all) {
    std::vector<Expected> events;
    for (const json& one : all) {
        events.push_back(one_from_json(one));
    }
    return events;
}

std::string describe(const Expected& event) {
    return one_to_json(event).dump();
}

std::size_t count_type(const std::vector<Expected>& events, const std::string& type) {
    return static_cast<std::size_t>(
        std::count_if(events.begin(), events.end(),
                      [&](const Expected& event) { return event.outcome.type == type; }));
}

std::size_t count_in(const std::vector<Expected>& events, Counted counter) {
    return static_cast<std::size_t>(
        std::count_if(events.begin(), events.end(),
                      [&](const Expected& event) { return event.outcome.counted == counter; }));
}

} // namespace live
