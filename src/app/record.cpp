#include <cstdio>
#include <random>

#include <fmt/format.h>

#include "app/command_run.h"
#include "app/commands.h"
#include "app/live_run.h"
#include "app/recorder.h"
#include "doctor/wording.h"
#include "util/file.h"
#include "util/text.h"
#include "util/version_number.h"

namespace twtrace {

namespace {

std::string boot_id() {
    std::string id = read_file("/proc/sys/kernel/random/boot_id", 64).value_or("");
    while (!id.empty() && id.back() == '\n')
        id.pop_back();
    return id;
}

RunStart start_of(const Options& options, const LiveRun& run) {
    const EventSource::Host host = run.host();
    std::random_device random;
    RunStart start;
    start.program = TWTRACE_RELEASE;
    start.host = host.name;
    start.kernel = host.kernel;
    start.boot_id = boot_id();
    start.run = (std::uint64_t{random()} << 32U | random()) | 1U;
    start.start_ns = run.start_ns();
    start.start_wall_ns = run.start_wall_ns();
    start.filtered = options.filter.is_partial();
    start.ends = options.ends;
    return start;
}

Result<void> report(const Options& options, const RecordingWriter& writer) {
    const std::uint64_t written = writer.written_events();
    const std::uint64_t unwritten = writer.unwritten_events();
    if (unwritten > 0)
        return fail(fmt::format("{} of {} events could not be written to {}; see the reason above",
                                unwritten, unwritten + written, printable(options.recording)));
    std::fprintf(stderr, "twtrace: %s events, %s bytes written to %s\n",
                 doctor::grouped(written).c_str(), doctor::grouped(writer.written_bytes()).c_str(),
                 printable(options.recording).c_str());
    return {};
}

} // namespace

Result<ExitCode> run_record(const Options& options) {
    if (options.recording.empty())
        return fail("record needs -o FILE (a new file) or -o DIR/ (a directory of bounded size); "
                    "see twtrace record --help",
                    ExitCode::Usage);
    CommandRun command(options);
    auto run = LiveRun::start(options, {every_type, TWTRACE_PASSIVE_SEND, true});
    if (!run)
        return tl::unexpected(run.error());
    auto writer = RecordingWriter::open(
        options.recording, {options.max_size_bytes, options.max_age_s}, start_of(options, *run));
    if (!writer)
        return tl::unexpected(writer.error());
    Recorder recorder(options, *run, **writer, run->start_ns());
    if (auto started = command.start(*run); !started)
        return tl::unexpected(started.error());
    auto done = run->run(options, recorder, [&]() -> Result<bool> {
        recorder.tick();
        return command.should_continue();
    });
    if (!done)
        return tl::unexpected(done.error());
    recorder.finish();
    command.report_leftovers();
    if (auto reported = report(options, **writer); !reported)
        return tl::unexpected(reported.error());
    return command.status_or(ExitCode::Ok);
}

} // namespace twtrace
