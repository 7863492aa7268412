#include <spdlog/spdlog.h>

#include "app/command_run.h"
#include "app/commands.h"
#include "app/document.h"
#include "app/open_source.h"
#include "sink/line_sink.h"
#include "sink/output.h"
#include "sink/summary_sink.h"

namespace twtrace {

namespace {

constexpr std::uint32_t bit(EventType type) {
    return 1U << static_cast<unsigned>(type);
}

std::uint32_t types_of(const Options& options) {
    std::uint32_t types = bit(EventType::TimeWait) | bit(EventType::PortExhausted);
    // Aborted events are always needed: some of them retract a TimeWait.
    types |= bit(EventType::Aborted);
    return options.all ? types | bit(EventType::PassiveClose) : types;
}

class LinePrinter : public EventConsumer {
  public:
    LinePrinter(const Options& options, Output& output)
        : sink_(options.format, options.wide, options.ends), output_(output), all_(options.all),
          left_(options.count), limited_(options.count > 0) {
        sink_.header(output_.buffer());
    }

    void event(const Event& event) override {
        // An event that retracts a line already printed has to be shown.
        if (done() || !is_shown(event))
            return;
        sink_.line(event, output_.buffer());
        left_ -= limited_ ? 1 : 0;
    }
    // Events dropped by a full ring are reported on standard error as a number; a line needs
    // details.
    void counted(const Event& /*event*/, std::uint64_t /*times*/) override {}
    [[nodiscard]] bool done() const { return limited_ && left_ == 0; }

  private:
    // A recording has events of every type.
    [[nodiscard]] bool is_shown(const Event& event) const {
        if (event.type == EventType::Aborted)
            return all_ || event.retracts;
        return event.type != EventType::PassiveClose || all_;
    }

    LineSink sink_;
    Output& output_;
    bool all_;
    std::uint64_t left_;
    bool limited_;
};

// The lines themselves do not show that some are missing.
void report_missing(const Accounting& accounting) {
    const bool some = accounting.lost > 0 || accounting.missed > 0 || accounting.untracked > 0 ||
                      (accounting.kernel && !accounting.exact);
    spdlog::log(some ? spdlog::level::warn : spdlog::level::info, "accounting: {}",
                accounting_line(accounting));
}

} // namespace

Result<ExitCode> run_trace(const Options& options) {
    auto document = Document::open(options);
    if (!document)
        return tl::unexpected(document.error());
    CommandRun command(options);
    auto source = open_source(options, {types_of(options)});
    if (!source)
        return tl::unexpected(source.error());
    EventSource& run = **source;
    Output output(document->fd());
    LinePrinter printer(options, output);
    if (auto flushed = output.flush(); !flushed)
        return tl::unexpected(flushed.error());
    if (auto started = command.start(run); !started)
        return tl::unexpected(started.error());
    auto done = run.run(options, printer, [&]() -> Result<bool> {
        if (auto flushed = output.flush(); !flushed)
            return tl::unexpected(flushed.error());
        return command.should_continue(!output.reader_gone() && !printer.done());
    });
    if (!done)
        return tl::unexpected(done.error());
    report_missing(run.accounting());
    command.report_leftovers();
    return command.status_or(ExitCode::Ok);
}

} // namespace twtrace
