// Events for tests, one for each kind of output.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include <arpa/inet.h>

#include "model/event.h"

namespace twtrace::test {

inline Address address(const char* text) {
    Address result;
    result.family = std::string_view(text).find(':') == std::string_view::npos ? 4 : 6;
    inet_pton(result.family == 4 ? AF_INET : AF_INET6, text, result.bytes.data());
    return result;
}

inline void set_comm(Event& event, std::string_view comm) {
    event.task.comm_bytes = {};
    std::copy_n(comm.data(), std::min(comm.size(), event.task.comm_bytes.size()),
                event.task.comm_bytes.begin());
}

/// A client that closed an IPv4 connection, with all values known.
inline Event client_v4() {
    static const Owner owner{"nginx.service", "nginx.service", "", "/system.slice/nginx.service"};
    Event event;
    event.type = EventType::TimeWait;
    event.stage = Stage::TimeWait;
    event.how = How::Close;
    event.role = Role::Client;
    event.netns = 4026531840U;
    event.local_port = 45678;
    event.remote_port = 8080;
    event.local = address("127.0.0.1");
    event.remote = address("10.0.0.20");
    event.wall_ns = 1'795'338'000'123'456'789U; // 2026-11-22T09:00:00.123456789Z
    event.established_ns = 5'000'000'000U;
    event.fin_wait1_ns = 5'001'500'000U;
    event.time_ns = 5'001'542'000U;
    event.bytes_sent = 1234;
    event.bytes_received = 56789;
    event.timestamps = true;
    event.task.pid = 1234;
    event.task.tid = 1235;
    event.task.uid = 33;
    event.task.start_boottime_ns = 77;
    set_comm(event, "nginx");
    event.owner = &owner;
    return event;
}

/// A server that closed an IPv6 connection, with values of maximum length.
inline Event longest_v6() {
    static const Owner owner{
        "a-service-with-a-very-long-name.service",
        "a-service-with-a-very-long-name.service",
        "0123456789ab",
        "/system.slice/system-a\\x2dlong.slice/a-service-with-a-very-long-name",
        "fifteen-parents",
        "/usr/bin/a-program --with \x1b[2J \"arguments\", and\nmore"};
    Event event = client_v4();
    event.stage = Stage::FinWait2;
    event.how = How::Shutdown;
    event.role = Role::Server;
    event.role_inferred = true;
    event.timestamps = false;
    event.netns = 4294967295U;
    event.local_port = 65535;
    event.remote_port = 65534;
    event.local = address("2001:db8:1111:2222:3333:4444:5555:6666");
    event.remote = address("fd00:aaaa:bbbb:cccc:dddd:eeee:ffff:1234");
    event.task.pid = 4194304;
    event.task.tid = 4194303;
    event.task.uid = 4294967294U;
    event.task.parent_pid = 4194302;
    event.netns_name = "a-named-namespace";
    set_comm(event, "fifteen-letters");
    event.owner = &owner;
    event.established_ns = 1000;
    event.fin_wait1_ns = 1'000'000'000'000'000'000U;
    event.time_ns = 1'000'000'000'060'000'000U;
    event.bytes_sent = 9'999'999'999U;
    event.bytes_received = 18'446'744'073'709'551'615U;
    return event;
}

/// Established and half closed before tracing began: only addresses and byte counts are known.
inline Event unknown_closer() {
    Event event = client_v4();
    event.how = How::Unknown;
    event.role = Role::Unknown;
    event.established_ns = 0;
    event.fin_wait1_ns = 0;
    event.timestamps.reset();
    event.netns = 0;
    event.task = {};
    event.owner = nullptr;
    return event;
}

/// A name with characters that are special in the output formats.
inline Event hostile_comm() {
    Event event = client_v4();
    set_comm(event, "\x1b[2J\",\n\\\xff\xc2\x9b'=1");
    event.owner = nullptr;
    return event;
}

/// The retraction of this entry.
inline Event retraction_of(const Event& event) {
    Event retraction = event;
    retraction.type = EventType::Aborted;
    retraction.stage = Stage::None;
    retraction.retracts = true;
    return retraction;
}

} // namespace twtrace::test
