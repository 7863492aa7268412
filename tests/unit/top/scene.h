// A small outage: a proxy that uses up the ports towards its backend, and other services.
#pragma once

#include <string>

#include "events.h"
#include "top/picture.h"
#include "top/view.h"

namespace twtrace::test {

constexpr std::uint64_t second = 1'000'000'000;
constexpr std::uint64_t scene_start = 1000 * second;

inline Event proxy_close() {
    Event event = client_v4();
    event.local = address("10.0.0.1");
    event.remote = address("10.0.0.5");
    event.remote_port = 5432;
    event.local_port = 45678;
    event.task.tid = event.task.pid;
    return event;
}

inline Event server_close() {
    static const Owner owner{"0123456789ab", "", "0123456789ab", "/docker/0123456789ab"};
    Event event = proxy_close();
    event.role = Role::Server;
    event.role_inferred = true;
    event.stage = Stage::FinWait2;
    event.how = How::Shutdown;
    event.local_port = 443;
    event.remote_port = 61000;
    event.remote = address("2001:db8::17");
    event.established_ns = 0;
    event.task.pid = event.task.tid = 4194304;
    set_comm(event, "haproxy");
    event.owner = &owner;
    return event;
}

inline Event hostile_close() {
    Event event = proxy_close();
    event.remote = address("10.0.0.7");
    event.remote_port = 80;
    event.task.pid = event.task.tid = 666;
    set_comm(event, "\x1b[2J\xe7\xbd\x91\xe5\x85\xb3\xff");
    event.owner = nullptr;
    return event;
}

/// Half a minute: 300 entries/s by nginx.service, 40 by haproxy, 1 by a process with a hostile
/// name.
inline Flows scene(std::uint32_t proxy_rate = 300) {
    Flows flows(scene_start);
    for (std::uint64_t at = 0; at < 30; ++at) {
        const std::uint64_t now = scene_start + at * second;
        for (std::uint64_t times = 0; times < 8; ++times) {
            Event event = proxy_close();
            event.wall_ns += at * second + times;
            event.local_port = static_cast<std::uint16_t>(event.local_port + 2 * (8 * at + times));
            flows.add(event, now);
        }
        flows.add(proxy_close(), now, proxy_rate + static_cast<std::uint32_t>(at % 10) * 10 - 8);
        flows.add(server_close(), now, 40);
        flows.add(hostile_close(), now);
    }
    flows.age(scene_start + 30 * second - 1);
    return flows;
}

inline Surroundings surroundings() {
    Surroundings around;
    around.host = "web1";
    around.wall_ns = client_v4().wall_ns + 30 * second;
    around.namespaces = {{4026532177U, "blue", 3, 4096},
                         {client_v4().netns, "host", 11'900, 131'072},
                         {4026532999U, "empty", 0, 131'072}};
    around.rules = {{client_v4().netns, {28'232, 1.0, true}}};
    around.accounting.captured = 11'580;
    around.accounting.kernel = 11'580;
    around.accounting.exact = true;
    around.present = {{scene_start + 20 * second, 8'100}, {scene_start + 30 * second - 1, 11'903}};
    return around;
}

inline Picture picture_of(const Flows& flows, GroupBy by = GroupBy::Process) {
    return make_picture(flows, Inherited(scene_start), surroundings(), by);
}

/// The frame as text, with {} around selected text and <> around a bad verdict.
inline std::string text_of(const Frame& frame) {
    std::string text;
    for (const Line& line : frame.lines) {
        for (const Span& span : line)
            text += span.style == Style::Selected ? "{" + span.text + "}"
                    : span.style == Style::Bad    ? "<" + span.text + ">"
                                                  : span.text;
        text += "|\n";
    }
    return text;
}

/// Draws everything that is visible without keys.
inline std::string drawn(State& state, const Picture& picture, Size size, Glyphs glyphs = {}) {
    const Rows rows = arranged(picture, state.sort, state.filter);
    return text_of(draw(state, picture, rows, size, glyphs, 1));
}

} // namespace twtrace::test
