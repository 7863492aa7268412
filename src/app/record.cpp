#include <cstdio>
#include <random>

#include <fmt/format.h>

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

} // namespace

Result<void> run_record(const Options& options) {
    if (options.recording.empty())
        return fail("record needs -o FILE (a new file) or -o DIR/ (a directory that is kept "
                    "bounded); see twtrace record --help",
                    ExitCode::Usage);
    auto run = LiveRun::start(options, {every_type, TWTRACE_PASSIVE_SEND, true});
    if (!run)
        return tl::unexpected(run.error());
    auto writer = RecordingWriter::open(
        options.recording, {options.max_size_bytes, options.max_age_s}, start_of(options, *run));
    if (!writer)
        return tl::unexpected(writer.error());
    Recorder recorder(options, *run, **writer);
    auto done = run->run(options, recorder, [&]() -> Result<bool> {
        recorder.tick();
        return true;
    });
    if (!done)
        return done;
    recorder.finish();
    if ((*writer)->unwritten_events() > 0)
        return fail(fmt::format("{} of {} events could not be written to {}: see the reason above",
                                (*writer)->unwritten_events(),
                                (*writer)->unwritten_events() + (*writer)->written_events(),
                                printable(options.recording)));
    std::fprintf(stderr, "twtrace: %s events, %s bytes written to %s\n",
                 doctor::grouped((*writer)->written_events()).c_str(),
                 doctor::grouped((*writer)->written_bytes()).c_str(),
                 printable(options.recording).c_str());
    return {};
}

} // namespace twtrace
