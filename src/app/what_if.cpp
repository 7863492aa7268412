#include <algorithm>

#include "app/command_run.h"
#include "app/commands.h"
#include "app/document.h"
#include "app/open_source.h"
#include "app/what_if.h"
#include "sink/output.h"
#include "util/stop_signals.h"
#include "whatif/predict.h"

namespace twtrace {

using namespace whatif;

namespace {

constexpr std::chrono::seconds default_duration{10};

class Logger : public EventConsumer {
  public:
    void event(const Event& event) override { log_.add(event); }
    void counted(const Event& event, std::uint64_t times) override { log_.add(event, times); }
    [[nodiscard]] const ConnectionLog& log() const { return log_; }

  private:
    ConnectionLog log_;
};

Question question_of(const Options& options, const EventSource& source, const ConnectionLog& log) {
    Question question;
    question.seconds = source.elapsed_s();
    question.kept_seconds = log.kept_seconds_of(question.seconds);
    if (options.pool > 0 || options.idle_s > 0) {
        Pool pool;
        if (options.pool > 0)
            pool.idle_connections = options.pool;
        if (options.idle_s > 0)
            pool.idle_ns = options.idle_s * 1'000'000'000;
        question.pool = pool;
    }
    return question;
}

} // namespace

WhatIfReport what_if_report(const Options& options, const EventSource& source,
                            const ConnectionLog& log) {
    const auto namespaces = source.namespaces(options.filter.netns);
    namespaces->find();
    const Question question = question_of(options, source, log);
    WhatIfReport report;
    report.host = source.host().name;
    report.start_wall_ns = source.start_wall_ns();
    report.seconds = question.seconds;
    report.kept_seconds = question.kept_seconds;
    report.accounting = source.accounting();
    report.beyond = log.beyond();
    for (const auto& [id, flow] : log.flows()) {
        if (flow.time_wait == 0 && flow.no_port == 0)
            continue;
        const auto view = namespaces->views().find(id.netns);
        const bool known = view != namespaces->views().end() && view->second.settings;
        report.predictions.push_back(
            predict(id, flow, known ? &*view->second.settings : nullptr, question));
    }
    std::stable_sort(report.predictions.begin(), report.predictions.end(),
                     [](const Prediction& a, const Prediction& b) {
                         return a.today.closes_per_s > b.today.closes_per_s;
                     });
    return report;
}

Result<ExitCode> run_what_if(const Options& given) {
    if (given.format == Format::Csv)
        return fail("what-if prints a table or JSON, not CSV; see twtrace what-if --help",
                    ExitCode::Usage);
    Options options = given;
    if (options.duration.count() == 0 && options.child.empty() && options.from.empty())
        options.duration = default_duration;
    auto document = Document::open(options);
    if (!document)
        return tl::unexpected(document.error());
    CommandRun command(options);
    auto source = open_source(options, {every_type, TWTRACE_PASSIVE_SEND});
    if (!source)
        return tl::unexpected(source.error());
    if (auto started = command.start(**source); !started)
        return tl::unexpected(started.error());
    Logger logger;
    if (auto done = (*source)->run(options, logger, [&] { return command.should_continue(); });
        !done)
        return tl::unexpected(done.error());
    take_pending_stop();
    const WhatIfReport report = what_if_report(options, **source, logger.log());
    Output output(document->fd());
    if (options.format == Format::Json)
        append_whatif_json(report, output.buffer());
    else
        append_whatif_table(report, options.wide, output.buffer());
    if (auto flushed = output.flush(); !flushed)
        return tl::unexpected(flushed.error());
    command.report_leftovers();
    return command.status_or(ExitCode::Ok);
}

} // namespace twtrace
