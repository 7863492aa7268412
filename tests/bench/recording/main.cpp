// Writes a recording of EVENTS events at 40,000 per second of recorded time: the recording of a
// busy host, in seconds instead of hours.
//
// twtrace_make_recording FILE EVENTS
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

#include "recording/recording_writer.h"

using namespace twtrace;

namespace {

constexpr std::uint64_t second_ns = 1'000'000'000;
constexpr std::uint64_t events_a_second = 40'000;
constexpr std::uint64_t start_ns = 100 * second_ns;
constexpr std::uint64_t start_wall_ns = 1'795'338'000 * second_ns;

Event close_of(std::mt19937_64& random, std::uint64_t at_ns, const Owner& owner) {
    Event event;
    event.type = EventType::TimeWait;
    event.stage = Stage::TimeWait;
    event.how = How::Close;
    event.role = Role::Client;
    event.netns = 4026531840U;
    event.local.family = event.remote.family = 4;
    event.local.bytes = {10, 0, 0, 1};
    event.remote.bytes = {10, 0, 1, static_cast<std::uint8_t>(random() % 50)};
    event.local_port = static_cast<std::uint16_t>(32768 + random() % 28232);
    event.remote_port = 443;
    event.time_ns = at_ns;
    event.wall_ns = start_wall_ns + (at_ns - start_ns);
    event.fin_wait1_ns = at_ns - 20'000 - random() % 200'000;
    event.established_ns = event.fin_wait1_ns - random() % 50'000'000;
    event.bytes_sent = 200 + random() % 500;
    event.bytes_received = random() % 20'000;
    event.task.pid = event.task.tid = static_cast<std::uint32_t>(1000 + random() % 8);
    event.task.start_boottime_ns = event.task.pid;
    event.owner = &owner;
    return event;
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: twtrace_make_recording FILE EVENTS\n");
        return 2;
    }
    RunStart start;
    start.host = "bench";
    start.boot_id = "bench";
    start.run = 1;
    start.start_ns = start_ns;
    start.start_wall_ns = start_wall_ns;
    auto writer = RecordingWriter::open(argv[1], {}, start);
    if (!writer) {
        std::fprintf(stderr, "%s\n", writer.error().message.c_str());
        return 1;
    }
    Owner owner;
    owner.service = owner.unit = "nginx.service";
    std::mt19937_64 random(1);
    const std::uint64_t events = std::strtoull(argv[2], nullptr, 10);
    RunSample sample;
    for (std::uint64_t number = 0; number < events; ++number) {
        const std::uint64_t at_ns = start_ns + number * (second_ns / events_a_second);
        (*writer)->event(close_of(random, at_ns, owner));
        if (number % events_a_second != events_a_second - 1)
            continue;
        sample.at_ns = at_ns;
        sample.wall_ns = start_wall_ns + (at_ns - start_ns);
        sample.inputs.captured = number + 1;
        sample.inputs.kernel = number + 1;
        (*writer)->sample(sample);
        (*writer)->flush(sample.wall_ns);
    }
    sample.at_ns = start_ns + events * (second_ns / events_a_second);
    sample.wall_ns = start_wall_ns + (sample.at_ns - start_ns);
    sample.inputs.captured = events;
    sample.inputs.kernel = events;
    (*writer)->end(sample);
    std::printf("%llu\n", static_cast<unsigned long long>((*writer)->written_bytes()));
    return 0;
}
