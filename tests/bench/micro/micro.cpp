// The cost of an event in each module, in nanoseconds and in allocations (none, once warm), and the
// number of events per second that one core handles in all of them. The records are made here, not
// in a kernel.
#include <cstring>
#include <vector>

#include <benchmark/benchmark.h>
#include <unistd.h>

#include "aggregate/aggregator.h"
#include "allocations.h"
#include "app/pipeline.h"
#include "decode/decode.h"
#include "filter/filter.h"
#include "recording/event_codec.h"
#include "records.h"
#include "sink/line_sink.h"

using namespace twtrace;

namespace {

constexpr std::size_t batch = 4096; // 20 ms at 200,000 events per second

// A record of this process, so that its name can be looked up.
twtrace_event record(std::uint32_t peer) {
    twtrace_event event = test::time_wait_record();
    event.stage = TWTRACE_STAGE_TIME_WAIT; // an entry in FIN_WAIT2 would be delayed
    event.local_port = static_cast<twtrace_u16>(32768 + peer % 28232);
    event.time_ns += peer;
    std::memcpy(event.remote_addr + 1, &peer, 3);
    event.task.pid = static_cast<twtrace_u32>(getpid());
    event.task.tid = event.task.pid;
    return event;
}

std::vector<twtrace_event> records(std::uint32_t peers) {
    std::vector<twtrace_event> made;
    for (std::uint32_t index = 0; index < batch; ++index)
        made.push_back(record(index * 2654435761U % peers));
    return made;
}

std::span<const std::byte> bytes_of(const twtrace_event& event) {
    return {reinterpret_cast<const std::byte*>(&event), sizeof(event)};
}

std::vector<Event> events(std::uint32_t peers) {
    static Attributor attributor;
    std::vector<Event> made;
    for (const twtrace_event& one : records(peers)) {
        made.push_back(*decode_event(bytes_of(one)));
        attributor.attribute(made.back());
    }
    return made;
}

// Runs work over a batch of inputs, and prints the cost of one of them.
template <typename Inputs, typename Work>
void each(benchmark::State& state, const Inputs& inputs, Work work) {
    for (const auto& input : inputs)
        work(input); // warm-up
    const std::uint64_t before = bench::allocations();
    for ([[maybe_unused]] auto _ : state)
        for (const auto& input : inputs)
            work(input);
    const auto count = static_cast<double>(state.iterations()) * static_cast<double>(inputs.size());
    state.counters["time/event"] =
        benchmark::Counter(count, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
    state.counters["events/s"] = benchmark::Counter(count, benchmark::Counter::kIsRate);
    state.counters["allocations/event"] =
        static_cast<double>(bench::allocations() - before) / count;
}

void decode(benchmark::State& state) {
    each(state, records(1000), [](const twtrace_event& record) {
        benchmark::DoNotOptimize(decode_event(bytes_of(record)));
    });
}

void attribute(benchmark::State& state) {
    Attributor attributor;
    each(state, events(1000), [&](Event event) {
        attributor.attribute(event);
        benchmark::DoNotOptimize(event.owner);
    });
}

void filter(benchmark::State& state) {
    Filter filter;
    filter.pids = {1, 2, static_cast<std::uint32_t>(getpid())};
    filter.remote_ports.insert(8080);
    each(state, events(1000),
         [&](const Event& event) { benchmark::DoNotOptimize(filter.passes(event)); });
}

class Counting : public EventConsumer {
  public:
    explicit Counting(Aggregator& aggregator) : aggregator_(aggregator) {}
    void event(const Event& event) override { aggregator_.add(event); }
    void counted(const Event& event, std::uint64_t times) override {
        aggregator_.add(event, times);
    }

  private:
    Aggregator& aggregator_;
};

void aggregate(benchmark::State& state) {
    Aggregator aggregator(GroupBy::Process);
    each(state, events(static_cast<std::uint32_t>(state.range(0))),
         [&](const Event& event) { aggregator.add(event); });
}

void sink(benchmark::State& state, Format format) {
    LineSink lines(format, false);
    std::string out;
    each(state, events(1000), [&](const Event& event) {
        out.clear();
        lines.line(event, out);
        benchmark::DoNotOptimize(out.data());
    });
}

// Both ends of connections are recorded, so every second event is a passive close.
void encode(benchmark::State& state) {
    std::vector<Event> both = events(1000);
    for (std::size_t index = 0; index < both.size(); ++index) {
        both[index].wall_ns = both[index].time_ns; // the clock is not set
        if (index % 2 == 1)
            both[index].type = EventType::PassiveClose;
    }
    constexpr std::size_t block_bytes = 4U << 20U;
    EventEncoder encoder;
    std::string out;
    std::size_t bytes = 0;
    each(state, both, [&](const Event& event) {
        if (bytes >= block_bytes) {
            encoder.forget();
            bytes = 0;
        }
        out.clear();
        encoder.append(out, event);
        bytes += out.size();
    });
}

void whole_summary(benchmark::State& state) {
    const Filter everything;
    KernelCounts counts(CountedAt::Schedule);
    Aggregator aggregator(GroupBy::Process);
    Counting collector(aggregator);
    Attributor attributor;
    Pipeline pipeline(everything, counts, attributor, collector);
    pipeline.tick();
    each(state, records(1000),
         [&](const twtrace_event& record) { pipeline.record(bytes_of(record)); });
    if (pipeline.captured() != aggregator.totals().time_wait)
        state.SkipWithError("events were lost");
}

BENCHMARK(decode);
BENCHMARK(attribute);
BENCHMARK(filter);
BENCHMARK(aggregate)->Arg(10)->Arg(1000)->Arg(100000)->ArgName("peers");
BENCHMARK_CAPTURE(sink, json, Format::Json);
BENCHMARK_CAPTURE(sink, csv, Format::Csv);
BENCHMARK_CAPTURE(sink, table, Format::Table);
BENCHMARK(encode);
BENCHMARK(whole_summary);

} // namespace

BENCHMARK_MAIN();
