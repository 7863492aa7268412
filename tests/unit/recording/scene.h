// A recording in a temporary directory, and a reader that collects its records.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "events.h"
#include "recording/recording.h"
#include "recording/recording_writer.h"

namespace twtrace::test {

class TemporaryDirectory {
  public:
    TemporaryDirectory() {
        std::string name = "/tmp/twtrace-recording-XXXXXX";
        path_ = mkdtemp(name.data());
    }
    ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    [[nodiscard]] std::string path(const std::string& name) const { return path_ + "/" + name; }

  private:
    std::string path_;
};

/// Copies all records.
struct Collected : RecordVisitor {
    struct Item {
        Event event;
        Owner owner;
        bool has_owner = false;
        std::string netns_name;
        std::uint64_t times = 0;
        std::string remote_service = {};
    };
    std::vector<Item> events;
    std::vector<RunStart> starts;
    std::vector<NamespaceRecord> namespaces;
    std::vector<PresentSocket> present;
    std::vector<std::uint64_t> checkpoints;
    std::vector<RunSample> samples;
    std::vector<PortsRecord> port_records;
    std::vector<ConntrackRecord> conntrack_records;
    std::vector<RunSample> ends;

    void event(const Event& event) override { counted(event, 0); }
    void counted(const Event& event, std::uint64_t times) override {
        Item item{event, {}, event.owner != nullptr, std::string(event.netns_name), times};
        item.remote_service = event.remote_service;
        if (event.owner != nullptr)
            item.owner = *event.owner;
        item.event.owner = nullptr;
        item.event.netns_name = {};
        item.event.remote_service = {};
        events.push_back(std::move(item));
    }
    void start(const RunStart& start) override { starts.push_back(start); }
    void netns(const NamespaceRecord& record) override { namespaces.push_back(record); }
    void sockets(const std::vector<PresentSocket>& sockets) override {
        present.insert(present.end(), sockets.begin(), sockets.end());
    }
    void checkpoint(std::uint64_t at_ns) override { checkpoints.push_back(at_ns); }
    void sample(const RunSample& sample) override { samples.push_back(sample); }
    void ports(const PortsRecord& record) override { port_records.push_back(record); }
    void conntrack(const ConntrackRecord& record) override { conntrack_records.push_back(record); }
    void end(const RunSample& last) override { ends.push_back(last); }
};

inline constexpr std::uint64_t scene_wall_ns = 1'795'338'000'000'000'000U; // 2026-11-22T09:00:00Z
inline constexpr std::uint64_t scene_ns = 5'000'000'000U;

inline RunStart scene_start(std::uint64_t run = 7) {
    RunStart start;
    start.program = "0.2.0";
    start.host = "web1";
    start.kernel = "6.1.0";
    start.boot_id = "boot";
    start.run = run;
    start.start_ns = scene_ns;
    start.start_wall_ns = scene_wall_ns;
    return start;
}

/// A sample at this number of seconds after the start, with `captured` events until then.
inline RunSample scene_sample(double at_s, std::uint64_t captured) {
    RunSample sample;
    const auto passed = static_cast<std::uint64_t>(at_s * 1e9);
    sample.at_ns = scene_ns + passed;
    sample.wall_ns = scene_wall_ns + passed;
    sample.inputs.captured = captured;
    sample.inputs.kernel = captured;
    return sample;
}

inline Event scene_event(double at_s, std::uint16_t local_port = 40000) {
    Event event = client_v4();
    const auto passed = static_cast<std::uint64_t>(at_s * 1e9);
    event.time_ns = scene_ns + passed;
    event.wall_ns = scene_wall_ns + passed;
    event.established_ns = event.time_ns - 2'000'000;
    event.fin_wait1_ns = event.time_ns - 1'000'000;
    event.local_port = local_port;
    return event;
}

inline Collected read_all(const std::string& path) {
    Collected all;
    auto recording = Recording::open(path);
    if (recording)
        while (recording->next(all)) {
        }
    return all;
}

} // namespace twtrace::test
