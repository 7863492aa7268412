// Writes the recordings for the pages of tests/report/check-page.
//
//   twtrace_make_scene FILE busy SECONDS RATE    many services and peers: the largest page
//   twtrace_make_scene FILE hostile              names that try to leave the page
//   twtrace_make_scene FILE quiet                no closes
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "recording/recording_writer.h"

using namespace twtrace;

namespace {

constexpr std::uint64_t second_ns = 1'000'000'000;
constexpr std::uint64_t start_ns = 100 * second_ns;
constexpr std::uint64_t start_wall_ns = 1'795'338'000 * second_ns;
constexpr std::uint32_t netns = 4026531840U;
constexpr std::size_t peers_of_a_service = 250;

struct Scene {
    std::uint64_t seconds = 0;
    std::uint64_t rate = 0;
    std::string netns_name;
    std::vector<std::string> services{};
};

Scene busy(std::uint64_t seconds, std::uint64_t rate) {
    Scene scene{seconds, rate, "-"};
    for (int number = 0; number < 400; ++number)
        scene.services.push_back("service-" + std::to_string(number) + ".service");
    return scene;
}

Scene hostile() {
    Scene scene{20, 400, "</script><script>document.title='owned'</script>"};
    scene.services = {
        "</script><script>document.title='owned'</script>",
        "<img src=x onerror=\"document.title='owned'\">",
        "<!--<script>",
        "\"'`;document.title='owned'//",
        "\u202etxt.exe\u202c\u200f.service",
        "@DATA@ @JS@ @NONCE@",
        "${document.title='owned'}",
        "\xff\xfe not UTF-8 \xc3",
        std::string(1U << 20U, 'x'),
        "__proto__",
        "line\nbreak\r\t\x1b[31m",
    };
    return scene;
}

Event close_of(std::mt19937_64& random, std::uint64_t at_ns) {
    Event event;
    event.type = EventType::TimeWait;
    event.stage = Stage::TimeWait;
    event.how = random() % 4 != 0 ? How::Close : How::Shutdown;
    event.role = random() % 3 != 0 ? Role::Client : Role::Server;
    event.netns = netns;
    event.local.family = event.remote.family = 4;
    event.local.bytes = {10, 0, 0, 1};
    event.remote.bytes = {10, 0, 1, static_cast<std::uint8_t>(random() % peers_of_a_service)};
    const auto ephemeral = static_cast<std::uint16_t>(32768 + random() % 28232);
    if (event.remote.bytes[3] % 5 == 0)
        event.remote_service = "shop/<b>checkout</b> (api)";
    event.local_port = event.role == Role::Client ? ephemeral : 8080;
    event.remote_port = event.role == Role::Client ? 443 : ephemeral;
    event.time_ns = at_ns;
    event.wall_ns = start_wall_ns + (at_ns - start_ns);
    event.fin_wait1_ns = at_ns - 20'000 - random() % 200'000;
    event.established_ns = event.fin_wait1_ns - random() % 50'000'000;
    event.timestamps = true;
    event.bytes_sent = 200 + random() % 500;
    event.bytes_received = random() % 20'000;
    event.task.pid = event.task.tid = static_cast<std::uint32_t>(1000 + random() % 8);
    event.task.start_boottime_ns = event.task.pid;
    return event;
}

RunSample sample_at(std::uint64_t at_ns, std::uint64_t events, std::uint64_t rate) {
    RunSample sample;
    sample.at_ns = at_ns;
    sample.wall_ns = start_wall_ns + (at_ns - start_ns);
    sample.inputs.captured = events;
    sample.inputs.kernel = events;
    SockStat counts;
    counts.time_wait = std::min(events, 60 * rate);
    sample.namespaces[netns] = counts;
    return sample;
}

NamespaceRecord namespace_of(const Scene& scene) {
    NamespaceRecord record;
    record.inode = netns;
    record.name = scene.netns_name;
    record.settings.emplace();
    record.settings->ephemeral = {32768, 60999};
    record.settings->max_tw_buckets = 262144;
    record.settings->tw_reuse = 2;
    record.settings->timestamps = 1;
    record.settings->fin_timeout_s = 60;
    return record;
}

// The rate of a service is inversely proportional to its rank.
const Owner& pick(std::mt19937_64& random, const std::vector<Owner>& owners) {
    const double uniform = static_cast<double>(random() >> 11U) * 0x1.0p-53;
    const auto at =
        static_cast<std::size_t>(uniform * uniform * static_cast<double>(owners.size()));
    return owners[std::min(at, owners.size() - 1)];
}

int write(const char* file, const Scene& scene) {
    RunStart start;
    start.program = "0";
    start.host = scene.services.empty() ? "quiet" : scene.services.front();
    start.kernel = "6.1.0";
    start.boot_id = "boot";
    start.run = 1;
    start.start_ns = start_ns;
    start.start_wall_ns = start_wall_ns;
    auto writer = RecordingWriter::open(file, {}, start);
    if (!writer) {
        std::fprintf(stderr, "%s\n", writer.error().message.c_str());
        return 1;
    }
    std::vector<Owner> owners(scene.services.size());
    for (std::size_t at = 0; at < owners.size(); ++at)
        owners[at].service = owners[at].unit = scene.services[at];
    std::mt19937_64 random(1);
    std::uint64_t events = 0;
    for (std::uint64_t second = 0; second < scene.seconds; ++second) {
        const std::uint64_t from_ns = start_ns + second * second_ns;
        if (second % 60 == 0)
            (*writer)->netns(namespace_of(scene));
        for (std::uint64_t number = 0; number < scene.rate; ++number) {
            Event event = close_of(random, from_ns + number * (second_ns / scene.rate));
            event.owner = &pick(random, owners);
            (*writer)->event(event);
            ++events;
        }
        const RunSample sample = sample_at(from_ns + second_ns, events, scene.rate);
        (*writer)->sample(sample);
        (*writer)->flush(sample.wall_ns);
    }
    (*writer)->end(sample_at(start_ns + scene.seconds * second_ns, events, scene.rate));
    (*writer)->flush(start_wall_ns + scene.seconds * second_ns);
    return (*writer)->unwritten_events() == 0 ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
    const std::string kind = argc > 2 ? argv[2] : "";
    if (kind == "busy" && argc == 5)
        return write(argv[1], busy(std::strtoull(argv[3], nullptr, 10),
                                   std::strtoull(argv[4], nullptr, 10)));
    if (kind == "hostile" && argc == 3)
        return write(argv[1], hostile());
    if (kind == "quiet" && argc == 3)
        return write(argv[1], {20, 0, "-"});
    std::fprintf(stderr, "usage: twtrace_make_scene FILE busy SECONDS RATE | hostile | quiet\n");
    return 2;
}
