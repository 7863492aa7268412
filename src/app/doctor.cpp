#include <cstdio>
#include <unistd.h>

#include <fmt/format.h>

#include "app/command_run.h"
#include "app/commands.h"
#include "app/document.h"
#include "app/host_facts.h"
#include "app/live_run.h"
#include "app/picture.h"
#include "app/replayed_leftovers.h"
#include "doctor/expected.h"
#include "doctor/observer.h"
#include "doctor/rules.h"
#include "doctor/wording.h"
#include "sink/doctor_sink.h"
#include "sink/host_sink.h"
#include "sink/output.h"
#include "source/host_probe.h"
#include "util/stop_signals.h"

namespace twtrace {

using namespace doctor;

namespace {

constexpr std::chrono::seconds default_duration{10};

class Watcher : public EventConsumer {
  public:
    Watcher(Observer& observer, whatif::ConnectionLog& log, ReplayedLeftovers* leftovers = nullptr)
        : observer_(observer), log_(log), leftovers_(leftovers) {}
    void event(const Event& event) override {
        counted(event, 1);
        if (leftovers_ != nullptr)
            leftovers_->event(event);
    }
    void counted(const Event& event, std::uint64_t times) override {
        observer_.add(event, times);
        log_.add(event, times);
    }

  private:
    Observer& observer_;
    whatif::ConnectionLog& log_;
    ReplayedLeftovers* leftovers_;
};

// Shows the remaining time on a terminal.
class Progress {
  public:
    Progress(std::chrono::milliseconds duration, bool wanted)
        : duration_s_(static_cast<double>(duration.count()) / 1000),
          shown_(wanted && isatty(STDERR_FILENO) != 0) {}
    ~Progress() {
        if (shown_ && last_ != none)
            std::fputs("\r\033[K", stderr);
    }
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void show(double elapsed_s, std::uint64_t entries) {
        const int left = static_cast<int>(std::max(0.0, duration_s_ - elapsed_s) + 0.999);
        if (!shown_ || left == last_)
            return;
        last_ = left;
        std::fprintf(stderr, "\rtwtrace: observing, %d s left, %s entries into TIME_WAIT\033[K",
                     left, grouped(entries).c_str());
    }

  private:
    static constexpr int none = -1;
    double duration_s_;
    bool shown_;
    int last_ = none;
};

Result<ExitCode> print(const std::string& text, const Document& document, ExitCode code) {
    Output output(document.fd());
    output.buffer() = text;
    auto written = output.flush();
    return written ? Result<ExitCode>(code) : tl::unexpected(written.error());
}

Result<ExitCode> print_host(Format format, const Document& document) {
    const HostReport report = probe_host();
    std::string text;
    if (format == Format::Json)
        append_host_json(report, text);
    else
        append_host_table(report, text);
    return print(text, document, report.can_trace() ? ExitCode::Ok : ExitCode::Failure);
}

Result<DoctorReport> examine_recording(const Options& options, whatif::ConnectionLog& log) {
    auto replay = Replay::open(options);
    if (!replay)
        return tl::unexpected(replay.error());
    auto facts = HostFacts::begin(options, replay->get());
    if (!facts)
        return tl::unexpected(facts.error());
    auto leftovers = ReplayedLeftovers::before(**replay, options);
    if (!leftovers)
        return tl::unexpected(leftovers.error());
    Observer observer;
    Watcher watcher(observer, log, &*leftovers);
    if (auto done = (*replay)->run(options, watcher, []() -> Result<bool> { return true; }); !done)
        return tl::unexpected(done.error());
    DoctorReport report = (*facts)->report(**replay, observer);
    report.seen.leftovers = leftovers->at(report.end_wall_ns);
    return report;
}

Result<DoctorReport> watch(const Options& options, LiveRun& run, CommandRun& command,
                           HostFacts& facts, whatif::ConnectionLog& log) {
    Observer observer;
    Watcher watcher(observer, log);
    {
        Progress progress(options.duration, options.child.empty());
        auto done = run.run(options, watcher, [&]() -> Result<bool> {
            progress.show(run.elapsed_s(), observer.totals().time_wait);
            return command.should_continue();
        });
        if (!done)
            return tl::unexpected(done.error());
    }
    return facts.report(run, observer);
}

// Observes the command, if there is one, else the host for a time.
Result<DoctorReport> examine(const Options& options, CommandRun& command,
                             whatif::ConnectionLog& log) {
    auto facts = HostFacts::begin(options, nullptr);
    if (!facts)
        return tl::unexpected(facts.error());
    auto run = LiveRun::start(options, {every_type, TWTRACE_PASSIVE_SEND, true});
    if (!run)
        return tl::unexpected(run.error());
    if (auto started = command.start(*run); !started)
        return tl::unexpected(started.error());
    auto report = watch(options, *run, command, **facts, log);
    command.report_leftovers();
    return report;
}

} // namespace

Result<ExitCode> run_doctor(const Options& given) {
    if (given.format == Format::Csv)
        return fail("doctor prints a table or JSON, not CSV; see twtrace doctor --help",
                    ExitCode::Usage);
    if (given.host && !given.child.empty())
        return fail("--host does not trace, so it takes no command after `--`", ExitCode::Usage);
    auto document = Document::open(given);
    if (!document)
        return tl::unexpected(document.error());
    if (given.host)
        return print_host(given.format, *document);
    Options options = given;
    if (options.duration.count() == 0 && options.child.empty() && options.from.empty())
        options.duration = default_duration;
    CommandRun command(options);
    whatif::ConnectionLog log;
    auto report =
        options.from.empty() ? examine(options, command, log) : examine_recording(options, log);
    if (!report)
        return tl::unexpected(report.error());
    report->findings = diagnose(report->seen);
    add_expected(report->seen, log, log.kept_seconds_of(report->seen.seconds), report->findings);
    take_pending_stop(); // a second Ctrl-C interrupts the document
    std::string text;
    if (options.format == Format::Json)
        append_doctor_json(*report, text);
    else
        append_doctor_table(*report, options.wide, text);
    const ExitCode verdict = report->findings.empty() ? ExitCode::Ok : ExitCode::Findings;
    const auto printed = print(text, *document, verdict);
    return printed ? Result<ExitCode>(command.status_or(*printed)) : printed;
}

} // namespace twtrace
