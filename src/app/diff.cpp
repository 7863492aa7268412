// `twtrace diff`: compares two spans of recordings.
#include <unistd.h>

#include "app/commands.h"
#include "app/port_tally.h"
#include "app/recording_span.h"
#include "app/replay.h"
#include "app/replayed_facts.h"
#include "diff/compare.h"
#include "doctor/observer.h"
#include "doctor/rules.h"
#include "sink/diff_sink.h"
#include "sink/output.h"

namespace twtrace {

namespace {

// Feeds the comparison and the doctor, and tracks how many ports are taken.
class SpanReader : public EventConsumer {
  public:
    SpanReader(const EventSource& source, const Options& options)
        : source_(source), ports_(source.namespaces(options.filter.netns)) {}
    void event(const Event& event) override { add(event, 1, event.time_ns); }
    void counted(const Event& event, std::uint64_t times) override {
        add(event, times, source_.now_ns());
    }
    /// To be called after each batch of events.
    void tick() { side_.take_ports(ports_.at(source_.now_ns())); }
    DiffSide& side() { return side_; }
    doctor::Observer& observer() { return observer_; }

  private:
    void add(const Event& event, std::uint64_t times, std::uint64_t now_ns) {
        side_.add(event, times);
        observer_.add(event, times);
        ports_.add(event, times, now_ns);
    }
    const EventSource& source_;
    PortTally ports_;
    DiffSide side_;
    doctor::Observer observer_;
};

Result<DiffSide> read_span(const std::string& text, const Options& options) {
    const auto span = parse_span(text);
    if (!span)
        return tl::unexpected(span.error());
    Options one = options;
    one.from = span->path;
    one.begin = span->begin;
    one.end = span->end;
    auto replay = Replay::open(one);
    if (!replay)
        return tl::unexpected(replay.error());
    const ReplayedFacts facts(**replay);
    SpanReader reader(**replay, one);
    auto done = (*replay)->run(one, reader, [&]() -> Result<bool> {
        reader.tick();
        return true;
    });
    if (!done)
        return tl::unexpected(done.error());
    doctor::Observations seen;
    reader.observer().finish(seen);
    seen.seconds = (*replay)->elapsed_s();
    seen.accounting = (*replay)->accounting();
    facts.fill(seen);
    DiffSide& side = reader.side();
    side.name = text;
    side.host = (*replay)->host().name;
    side.start_wall_ns = (*replay)->start_wall_ns();
    side.end_wall_ns = (*replay)->end_wall_ns();
    side.seconds = (*replay)->elapsed_s();
    side.findings = doctor::diagnose(seen);
    side.accounting = (*replay)->accounting();
    return std::move(side);
}

} // namespace

Result<void> run_diff(const Options& options) {
    if (options.format == Format::Csv)
        return fail("diff prints a table or JSON, not CSV; see twtrace diff --help",
                    ExitCode::Usage);
    const auto before = read_span(options.spans.at(0), options);
    if (!before)
        return tl::unexpected(before.error());
    const auto after = read_span(options.spans.at(1), options);
    if (!after)
        return tl::unexpected(after.error());
    Output output(STDOUT_FILENO);
    const Diff diff = compare(*before, *after);
    if (options.format == Format::Json)
        append_diff_json(diff, output.buffer());
    else
        append_diff_table(diff, output.buffer());
    return output.flush();
}

} // namespace twtrace
