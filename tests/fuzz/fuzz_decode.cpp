// Records of any bytes through decode, retraction window, owners of minisocks, sinks and
// aggregator: no event is lost or added, and every line can be parsed.
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "aggregate/aggregator.h"
#include "attribute/time_wait_owners.h"
#include "decode/decode.h"
#include "decode/overflow.h"
#include "decode/retraction_window.h"
#include "fuzz.h"
#include "sink/line_sink.h"

using namespace twtrace;
using namespace twtrace::fuzz;

namespace {

struct Checker {
    LineSink table{Format::Table, false, true};
    LineSink json{Format::Json, false, true};
    LineSink csv{Format::Csv, false, true};
    TimeWaitOwners present{1, 4};
    Aggregator aggregator{GroupBy::Process, {3, 5}};
    std::string line;
    std::uint64_t out = 0;

    void event(const Event& settled) {
        ++out;
        Event event = settled;
        if (const auto before = present.follow(event))
            aggregator.add(*before);
        aggregator.add(event);
        line.clear();
        json.line(event, line);
        require(nlohmann::json::accept(line));
        line.clear();
        csv.line(event, line);
        table.line(event, line);
        require(line.back() == '\n');
        require(line.find('\n', line.find('\n') + 1) == line.size() - 1); // two lines
    }
};

// Mostly well-formed, so that code behind the first checks is reached.
std::optional<Event> next_event(Input& input) {
    const std::uint8_t kind = input.byte();
    if (kind == 0) {
        const auto bytes = input.bytes(input.byte());
        if (const auto cgroup = decode_cgroup(bytes))
            require(!cgroup->path.empty());
        return decode_event(bytes);
    }
    twtrace_event record{};
    record.header = {static_cast<twtrace_u16>(1 + kind % 6), sizeof(record)};
    record.family = kind & 0x10U ? 4 : 6;
    record.stage = kind >> 5U & 3U;
    record.flags = kind >> 7U;
    record.local_port = input.byte() % 4;
    record.time_ns = input.byte() * (RetractionWindow::hold_ns / 4);
    if (kind & 0x40U)
        input.fill(record.bytes_received);
    if (kind & 0x08U)
        input.fill(record.task);
    return decode_event(std::as_bytes(std::span(&record, 1)));
}

void check_totals(const Aggregator& aggregator) {
    std::uint64_t time_wait = 0;
    for (const Group* group : aggregator.groups()) {
        require(group->counts.fin_wait2 <= group->counts.time_wait);
        time_wait += group->counts.time_wait;
    }
    require(time_wait == aggregator.totals().time_wait);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Input input(data, size);
    RetractionWindow settle;
    Checker checker;
    std::uint64_t pushed = 0;
    std::uint64_t converted = 0;
    std::uint64_t now_ns = 0;
    const auto out = [&](const Event& event) { checker.event(event); };
    while (!input.empty()) {
        now_ns += input.byte() * std::uint64_t{100'000};
        if (auto event = next_event(input)) {
            ++pushed;
            converted += event->retracts ? 1 : 0;
            settle.push(*event, now_ns, out);
        }
        require(checker.out <= pushed);
    }
    settle.release_all(out);
    require(checker.out <= pushed && checker.out >= pushed - converted);
    twtrace_overflow_key key{};
    Input(data, size).fill(key);
    const Event overflow = event_of(key);
    if (key.type >= TWTRACE_TIME_WAIT && key.type <= TWTRACE_PORT_EXHAUSTED)
        checker.aggregator.add(overflow, 1 + size);
    check_totals(checker.aggregator);
    return 0;
}
