#include "app/live_run.h"

#include <numeric>
#include <random>

#include <spdlog/spdlog.h>
#include <sys/utsname.h>

#include "account/namespace_watch.h"
#include "app/duties.h"
#include "app/inherited_sockets.h"
#include "app/live_config.h"
#include "decode/overflow.h"
#include "model/timestamp.h"
#include "privilege/shed.h"
#include "util/descriptors.h"
#include "util/time_namespace.h"

namespace twtrace {

namespace {

constexpr std::size_t bytes_a_record = sizeof(twtrace_event) + 8; // the ring adds a header
constexpr std::chrono::milliseconds second{1000};
constexpr std::uint64_t second_ns = 1'000'000'000;

std::uint64_t sum(const twtrace_u64 (&by_type)[TWTRACE_TYPES]) {
    return std::accumulate(std::begin(by_type), std::end(by_type), std::uint64_t{0});
}

// Keeps what passes by for `twtrace list`.
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

} // namespace

namespace {

AttributeOptions attribute_options(const Options& options,
                                   std::shared_ptr<HostServicesBox> others) {
    AttributeOptions wanted;
    wanted.netns_names = options.wants_details() || options.group_by == GroupBy::Netns;
    wanted.cmdlines = options.cmdline;
    wanted.languages = options.command == Command::Doctor;
    wanted.programs = options.wants_details() || wanted.languages;
    wanted.root = options.root;
    wanted.others = std::move(others);
    wanted.resolve = options.resolve;
    return wanted;
}

} // namespace

LiveRun::LiveRun(EventLoop loop, LiveSource source, KernelCounts counts)
    : loop_(std::move(loop)), source_(std::move(source)), counts_(std::move(counts)) {}

Result<LiveRun> LiveRun::start(const Options& options, const Wanted& wanted) {
    auto loop = EventLoop::make(options.writes_to_stdout());
    if (!loop)
        return tl::unexpected(loop.error());
    allow_many_descriptors();
    auto source = LiveSource::open(live_config(options, wanted));
    if (!source)
        return tl::unexpected(source.error());
    const auto counted_at =
        source->counts_time_wait_at_end() ? CountedAt::End : CountedAt::Schedule;
    KernelCounts counts(counted_at, options.filter.netns, source->namespaces());
    LiveRun run(*std::move(loop), *std::move(source), std::move(counts));
    run.filter_ = options.filter;
    run.duties_ = duties_of(options);
    run.survey_ = std::make_unique<HostSurvey>(options.root);
    run.attributor_ = std::make_unique<Attributor>(attribute_options(options, run.survey_->box()));
    // After the source is open, so that no cgroup is made unseen.
    run.attributor_->learn_cgroups();
    if (options.journal) {
        auto journal = JournalWriter::create();
        if (!journal)
            return tl::unexpected(journal.error());
        run.journal_.emplace(*std::move(journal));
    }
    if (options.ends)
        run.present_.emplace(std::random_device{}());
    run.counts_.sample_start();
    run.start_wall_ns_ = wall_now_ns();
    run.start_ns_ = monotonic_now_ns();
    if (!knows_time_offsets())
        spdlog::warn("cannot tell the clocks of this time namespace: times and names of processes "
                     "may be missing or wrong; start it by another process of the namespace");
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
    EventConsumer* const first = journaled ? &*journaled : &consumer;
    Pipeline pipeline(options.filter, counts_, *attributor_, *first);
    pipeline.follow(present_ ? &*present_ : nullptr);
    pipeline.hold();
    second_due_ns_ = start_ns_ + second_ns;
    const auto longest = options.interval.count() > 0 ? std::min(second, options.interval) : second;
    if (auto woken = loop_.wake_on(source_.ring_fd()); !woken)
        return woken;
    loop_.on_readable(counts_.ends_fd(), [this] {
        counts_.note_ends();
        return true;
    });
    auto done = loop_.run(read_every_, options.duration, [&]() -> Result<bool> {
        pipeline.tick();
        const std::size_t records = source_.drain(pipeline);
        const bool quiet = records == 0 && pipeline.is_empty();
        if (!begun_ && pipeline.settled_until_ns() > counts_.sampled_until_ns())
            begin(pipeline);
        if (is_second_over())
            every_second(pipeline, *first);
        else if (counts_.has_unknown())
            counts_.refresh(false);
        counts_.release_ended();
        finish_mark(pipeline);
        read_every_ = time_between_reads(read_every_, records * bytes_a_record, options.ring_bytes);
        set_pace(quiet && begun_, longest);
        return after_batch();
    });
    end(pipeline);
    pass_counted(*first);
    if (pipeline.malformed() > 0)
        spdlog::warn("{} records from the kernel side could not be understood",
                     pipeline.malformed());
    report_losses();
    spdlog::info("{} transitions skipped by recursion, {} ends of sockets recovered by the catcher",
                 source_.recursion_misses(), sum(source_.stats().caught));
    spdlog::info("{} passive closes were counted in slots", source_.counted_in_slots());
    spdlog::info("woken by an event {} times", loop_.woken());
    if (!done)
        return done;
    auto last = after_batch();
    return last ? Result<void>{} : tl::unexpected(last.error());
}

bool LiveRun::is_second_over() {
    const std::uint64_t now = monotonic_now_ns();
    if (now < second_due_ns_)
        return false;
    second_due_ns_ = std::max(second_due_ns_ + second_ns, now);
    return true;
}

// A mark is as good as an event: what it counts until has to be read.
void LiveRun::set_pace(bool quiet, std::chrono::milliseconds longest) {
    const Pace::Step step = pace_.after(quiet);
    if (step == Pace::Step::Ask)
        source_.ask_for_wake_up();
    if (step != Pace::Step::Sleep || mark_) {
        loop_.pace(read_every_);
        return;
    }
    const std::uint64_t now = monotonic_now_ns();
    const std::uint64_t due =
        std::min(second_due_ns_, counts_.release_due_ns().value_or(second_due_ns_));
    const std::chrono::nanoseconds rest(due - std::min(now, due));
    loop_.pace(std::min(longest, std::chrono::ceil<std::chrono::milliseconds>(rest) +
                                     std::chrono::milliseconds(1)));
}

// Every event that happened until the counters were sampled is held by now, those included that had
// to settle.
void LiveRun::begin(Pipeline& pipeline) {
    begun_ = true;
    Cuts cuts = counts_.settle_start(pipeline.held_times());
    pipeline.release(cuts, counts_.sampled_from_ns(), Pipeline::Side::After);
}

void LiveRun::end(Pipeline& pipeline) {
    if (!begun_) { // a run of a few milliseconds
        pipeline.finish();
        begin(pipeline);
    }
    pipeline.hold();
    counts_.sample_end();
    end_wall_ns_ = wall_now_ns();
    end_ns_ = monotonic_now_ns();
    source_.detach();
    pipeline.tick();
    source_.drain(pipeline);
    pipeline.finish();
    pipeline.release(counts_.settle_end(pipeline.held_times()), counts_.sampled_until_ns(),
                     Pipeline::Side::NotAfter);
    if (mark_)
        pass_mark(pipeline);
    Accounting::Inputs inputs = count();
    inputs.captured += pipeline.captured();
    inputs.filtered += pipeline.filtered();
    account(inputs, end_ns_);
}

void LiveRun::account(const Accounting::Inputs& inputs, std::uint64_t until_ns) {
    accounting_inputs_ = inputs;
    accounting_ = Accounting::of(inputs);
    accounted_until_ns_ = until_ns;
}

void LiveRun::report_losses() {
    const std::uint64_t lost = sum(source_.stats().lost);
    if (lost == lost_reported_)
        return;
    spdlog::warn("{} events found the ring buffer full: their details are lost, their number is "
                 "not; a larger --ring helps",
                 lost - lost_reported_);
    lost_reported_ = lost;
}

void LiveRun::pass_counted(EventConsumer& consumer) {
    for (const OverflowCount& entry : source_.take_counted()) {
        Event event = event_of(entry.key);
        event.netns_mix = counts_.latest_mix(event.netns);
        attributor_->attribute(event);
        // The gate filtered them by what is in the socket, and these lines have no ephemeral port
        // left to compare.
        if (filter_.passes_owner(event))
            consumer.counted(event, entry.count);
    }
}

Accounting::Inputs LiveRun::count() const {
    const twtrace_stats stats = source_.stats();
    const KernelCounts::Sum kernel = counts_.sum();
    Accounting::Inputs inputs;
    inputs.captured = kernel.filtered; // by the gate; the pipeline's come on top
    inputs.filtered = kernel.filtered;
    inputs.lost = stats.lost[TWTRACE_TIME_WAIT];
    inputs.recursion_misses = source_.recursion_misses();
    inputs.caught = sum(stats.caught);
    inputs.overflow = kernel.overflow;
    inputs.unverified = kernel.unverified;
    inputs.without_closer = stats.without_closer;
    inputs.untracked = stats.untracked + stats.mixed;
    inputs.ambiguous = kernel.ambiguous;
    inputs.counted_at_end = counts_.counted_at() == CountedAt::End;
    if (kernel.namespaces > 0)
        inputs.kernel = kernel.entered;
    return inputs;
}

void LiveRun::every_second(Pipeline& pipeline, EventConsumer& consumer) {
    pass_counted(consumer);
    counts_.refresh(true);
    report_losses();
    if (!begun_ || mark_)
        return;
    counts_.read();
    mark_ = Mark{monotonic_now_ns(), count()};
    pipeline.mark(mark_->at_ns);
}

// What happened until the mark has all come through.
void LiveRun::finish_mark(const Pipeline& pipeline) {
    if (!mark_ || pipeline.settled_until_ns() <= mark_->at_ns)
        return;
    pass_mark(pipeline);
    account(last_mark_.inputs, last_mark_.at_ns);
}

void LiveRun::pass_mark(const Pipeline& pipeline) {
    last_mark_ = *std::exchange(mark_, std::nullopt);
    last_mark_.inputs.captured += pipeline.captured_until_mark();
    last_mark_.inputs.filtered += pipeline.filtered();
}

std::optional<EventSource::EndsLosses> LiveRun::ends_losses() const {
    if (!present_)
        return std::nullopt;
    return EndsLosses{source_.ends_lost(), present_->untracked()};
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
