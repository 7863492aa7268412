#include "app/live_run.h"

#include <random>

#include <spdlog/spdlog.h>
#include <sys/utsname.h>

#include "account/namespace_watch.h"
#include "app/duties.h"
#include "app/inherited_sockets.h"
#include "model/timestamp.h"
#include "privilege/shed.h"
#include "util/descriptors.h"
#include "util/time_namespace.h"

namespace twtrace {

namespace {

constexpr std::chrono::milliseconds second{1000};
constexpr std::uint64_t second_ns = 1'000'000'000;

// Also writes events to the journal, for `twtrace list`.
class Journaled : public EventConsumer {
  public:
    Journaled(JournalWriter& journal, EventConsumer& next) : journal_(journal), next_(next) {}
    void event(const Event& event) override {
        journal_.add(event);
        next_.event(event);
    }
    void counted(const Event& event, std::uint64_t times) override { next_.counted(event, times); }

  private:
    JournalWriter& journal_;
    EventConsumer& next_;
};

std::uint64_t wall_now_ns() {
    return monotonic_now_ns() + static_cast<std::uint64_t>(wall_minus_monotonic_ns());
}

AttributeOptions attribute_options(const Options& options,
                                   std::shared_ptr<HostServicesBox> host_services) {
    AttributeOptions wanted;
    wanted.netns_names = options.wants_details() || options.group_by == GroupBy::Netns;
    wanted.cmdlines = options.cmdline;
    wanted.languages = options.command == Command::Doctor;
    wanted.programs = options.wants_details() || wanted.languages;
    wanted.root = options.root;
    wanted.host_services = std::move(host_services);
    wanted.resolve = options.resolve;
    return wanted;
}

} // namespace

LiveRun::LiveRun(const Options& options, EventLoop loop, LiveSource source)
    : filter_(options.filter), duties_(duties_of(options)),
      longest_sleep_(options.interval.count() > 0 ? std::min(second, options.interval) : second),
      loop_(std::move(loop)), kernel_(std::move(source), options.ring_bytes),
      accounting_(kernel_.source(), options.filter.netns),
      survey_(std::make_unique<HostSurvey>(options.root)),
      attributor_(std::make_unique<Attributor>(attribute_options(options, survey_->box()))) {}

Result<LiveRun> LiveRun::start(const Options& options, const Wanted& wanted) {
    auto loop = EventLoop::create(options.writes_to_stdout());
    if (!loop)
        return tl::unexpected(loop.error());
    allow_many_descriptors();
    auto source = LiveSource::open(live_config(options, wanted));
    if (!source)
        return tl::unexpected(source.error());
    LiveRun run(options, *std::move(loop), *std::move(source));
    // After the source is open, so that no new cgroup is missed.
    run.attributor_->learn_cgroups();
    if (options.journal) {
        auto journal = JournalWriter::create();
        if (!journal)
            return tl::unexpected(journal.error());
        run.journal_.emplace(*std::move(journal));
    }
    if (options.ends)
        run.owners_.emplace(std::random_device{}());
    run.accounting_.sample_start();
    run.start_wall_ns_ = wall_now_ns();
    run.start_ns_ = monotonic_now_ns();
    if (!knows_time_offsets())
        spdlog::warn("cannot read the clock offsets of this time namespace: times and names of "
                     "processes may be missing or wrong; start twtrace from another process of the "
                     "namespace");
    spdlog::info("tracing {}{}",
                 options.filter.netns.empty() ? "all network namespaces"
                                              : "the chosen network namespaces",
                 options.ends ? ", and how each TIME_WAIT ends" : "");
    return run;
}

void LiveRun::shed_privileges() {
    if (duties_)
        twtrace::shed_privileges(*duties_);
    duties_.reset();
}

Result<void> LiveRun::run(const Options& options, EventConsumer& consumer,
                          const std::function<Result<bool>()>& after_batch) {
    shed_privileges();
    survey_->begin();
    std::optional<Journaled> journaled;
    if (journal_)
        journaled.emplace(*journal_, consumer);
    EventConsumer& first = journaled ? *journaled : consumer;
    Pipeline pipeline(options.filter, accounting_.counts(), *attributor_, first);
    pipeline.follow(owners_ ? &*owners_ : nullptr);
    pipeline.hold();
    second_due_ns_ = start_ns_ + second_ns;
    if (auto woken = loop_.wake_on(kernel_.source().ring_fd()); !woken)
        return woken;
    loop_.on_readable(accounting_.counts().ends_fd(), [this] {
        accounting_.counts().note_ends();
        return true;
    });
    auto done = loop_.run(kernel_.read_every(), options.duration, [&]() -> Result<bool> {
        read(pipeline, first);
        return after_batch();
    });
    end(pipeline, first);
    if (!done)
        return done;
    auto last = after_batch();
    return last ? Result<void>{} : tl::unexpected(last.error());
}

void LiveRun::read(Pipeline& pipeline, EventConsumer& consumer) {
    pipeline.tick();
    const std::size_t records = kernel_.read(pipeline);
    const bool quiet = records == 0 && pipeline.is_empty();
    const bool second_is_over = is_second_over();
    if (second_is_over) {
        kernel_.pass_counted(filter_, accounting_.counts(), *attributor_, consumer);
        kernel_.report_losses();
    }
    accounting_.after_read(kernel_.source(), pipeline, second_is_over);
    sleep_until_due(quiet && accounting_.has_begun());
}

bool LiveRun::is_second_over() {
    const std::uint64_t now = monotonic_now_ns();
    if (now < second_due_ns_)
        return false;
    second_due_ns_ = std::max(second_due_ns_ + second_ns, now);
    return true;
}

// A pending checkpoint counts as an event: the ring has to be read up to it.
void LiveRun::sleep_until_due(bool quiet) {
    if (!kernel_.may_sleep(quiet) || accounting_.waits_for_events()) {
        loop_.tick_every(kernel_.read_every());
        return;
    }
    const std::uint64_t now = monotonic_now_ns();
    const std::uint64_t due =
        std::min(second_due_ns_, accounting_.due_ns().value_or(second_due_ns_));
    const std::chrono::nanoseconds rest(due - std::min(now, due));
    loop_.tick_every(std::min(longest_sleep_, std::chrono::ceil<std::chrono::milliseconds>(rest) +
                                                  std::chrono::milliseconds(1)));
}

void LiveRun::end(Pipeline& pipeline, EventConsumer& consumer) {
    accounting_.sample_end(pipeline);
    end_wall_ns_ = wall_now_ns();
    end_ns_ = monotonic_now_ns();
    kernel_.detach();
    pipeline.tick();
    kernel_.read(pipeline);
    pipeline.finish();
    accounting_.end(kernel_.source(), pipeline, end_ns_);
    kernel_.pass_counted(filter_, accounting_.counts(), *attributor_, consumer);
    if (pipeline.malformed() > 0)
        spdlog::warn("{} records from the kernel side could not be decoded", pipeline.malformed());
    kernel_.report_losses();
    kernel_.report_totals();
    spdlog::info("woken by an event {} times", loop_.woken());
}

std::optional<EventSource::EndsLosses> LiveRun::ends_losses() const {
    if (!owners_)
        return std::nullopt;
    return EndsLosses{kernel_.source().ends_lost(), owners_->untracked()};
}

std::uint64_t LiveRun::end_wall_ns() const {
    return end_wall_ns_ != 0 ? end_wall_ns_ : wall_now_ns();
}

std::uint64_t LiveRun::now_ns() const {
    return monotonic_now_ns();
}

std::uint64_t LiveRun::wall_of(std::uint64_t at_ns) const {
    return at_ns + static_cast<std::uint64_t>(wall_minus_monotonic_ns());
}

EventSource::Host LiveRun::host() const {
    utsname system{};
    if (uname(&system) != 0)
        return {};
    return {system.nodename, system.release};
}

std::unique_ptr<NamespaceViews>
LiveRun::namespaces(const std::vector<std::uint32_t>& chosen) const {
    return std::make_unique<NamespaceWatch>(chosen);
}

Inherited LiveRun::inherited(const std::vector<std::uint32_t>& chosen, std::uint64_t at_ns,
                             Flows& flows) const {
    return inherited_sockets(chosen, at_ns, flows);
}

double LiveRun::elapsed_s() const {
    return static_cast<double>((end_ns_ != 0 ? end_ns_ : monotonic_now_ns()) - start_ns_) / 1e9;
}

} // namespace twtrace
