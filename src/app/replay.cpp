#include "app/replay.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "app/event_loop.h"
#include "model/timestamp.h"
#include "util/stop_signals.h"
#include "util/text.h"

namespace twtrace {

namespace {

constexpr std::uint64_t second_ns = 1'000'000'000;
// A recorder leaves out seconds without changes. A shorter gap may be a late sample.
constexpr std::uint64_t quiet_ns = 3 * second_ns;
constexpr std::uint64_t records_a_batch = 4096;

Event shifted(const Event& event, std::uint64_t shift_ns) {
    Event later = event;
    later.time_ns += shift_ns;
    for (std::uint64_t* moment : {&later.established_ns, &later.fin_wait1_ns, &later.entered_ns})
        *moment += *moment != 0 ? shift_ns : 0;
    return later;
}

} // namespace

Result<std::unique_ptr<Replay>> Replay::open(const Options& options) {
    auto recording = Recording::open(options.from);
    if (!recording)
        return tl::unexpected(recording.error());
    const auto begin = wall_time_in(*recording, options.begin);
    if (!begin)
        return in_context("--begin", begin.error());
    const auto end = wall_time_in(*recording, options.end);
    if (!end)
        return in_context("--end", end.error());
    return open(*std::move(recording), options.filter, *begin, *end);
}

Result<std::unique_ptr<Replay>> Replay::open(Recording recording, const Filter& filter,
                                             std::uint64_t begin_wall_ns,
                                             std::uint64_t end_wall_ns) {
    if (end_wall_ns != 0 && end_wall_ns <= begin_wall_ns)
        return fail("the end of the span is not after its start", ExitCode::Usage);
    std::unique_ptr<Replay> replay(new Replay(std::move(recording), filter));
    replay->end_wall_ns_ = end_wall_ns;
    if (auto moved = replay->go_to_begin(begin_wall_ns); !moved)
        return tl::unexpected(moved.error());
    return replay;
}

Result<void> Replay::go_to_begin(std::uint64_t begin_wall_ns) {
    // If the first blocks of a run were removed, the rest begins at the next full second.
    begin_wall_ns_ = std::max(begin_wall_ns, recording_.begin_wall_ns());
    if (begin_wall_ns > recording_.end_wall_ns())
        return fail(fmt::format("{} ends at {}, before the start of the span",
                                printable(recording_.path()),
                                local_date_time(recording_.end_wall_ns())));
    if (auto sought = recording_.seek(begin_wall_ns); !sought)
        return sought;
    while (!begun_ && recording_.next(*this)) {
    }
    if (!begun_)
        return fail(fmt::format("{} has nothing in this span: it begins at {} and ends at {}",
                                printable(recording_.path()),
                                local_date_time(recording_.begin_wall_ns()),
                                local_date_time(recording_.end_wall_ns())));
    if (!first_event_)
        read_state();
    netns_at_begin_ = netns_;
    return {};
}

// The state at the start of the run precedes the first event, checkpoint and sample.
void Replay::read_state() {
    const auto is_state = [](RecordKind kind) {
        return kind == RecordKind::Start || kind == RecordKind::Namespace ||
               kind == RecordKind::Sockets || kind == RecordKind::Ports ||
               kind == RecordKind::Conntrack;
    };
    for (auto kind = recording_.next_kind(); kind && is_state(*kind); kind = recording_.next_kind())
        recording_.next(*this);
}

Result<void> Replay::run(const Options& options, EventConsumer& consumer,
                         const std::function<Result<bool>()>& after_batch) {
    if (options.duration.count() > 0) {
        const std::uint64_t end =
            start_wall_ns_ +
            static_cast<std::uint64_t>(std::chrono::nanoseconds(options.duration).count());
        end_wall_ns_ = end_wall_ns_ == 0 ? end : std::min(end_wall_ns_, end);
    }
    auto signals = EventLoop::create();
    if (!signals)
        return tl::unexpected(signals.error());
    after_batch_ = &after_batch;
    for (std::uint64_t records = 1; step(consumer) && going_on_ && *going_on_; ++records) {
        if (records % records_a_batch != 0)
            continue;
        end_batch();
        if (stop_is_pending()) // takes system calls: too slow for each record
            break;
    }
    if (!going_on_)
        return tl::unexpected(going_on_.error());
    after_batch_ = nullptr;
    for (const std::string& note : notes())
        spdlog::warn("{}", note);
    auto last = after_batch();
    return last ? Result<void>{} : tl::unexpected(last.error());
}

bool Replay::step(EventConsumer& consumer) {
    consumer_ = &consumer;
    if (first_event_)
        deliver(*std::exchange(first_event_, std::nullopt));
    else if (!ended_ && !recording_.next(*this))
        finish(std::max(now_ns_, sample_.at_ns));
    consumer_ = nullptr;
    return !ended_;
}

void Replay::end_batch() {
    if (after_batch_ != nullptr && going_on_ && *going_on_)
        going_on_ = (*after_batch_)();
}

void Replay::start(const RunStart& start) {
    if (start.run == run_.run && run_.start_ns != 0) // each block repeats it
        return;
    const bool is_first = first_.start_ns == 0;
    if (is_first)
        first_ = start;
    shift_ns_ = start.boot_id == first_.boot_id ? 0
                                                : (start.start_wall_ns - first_.start_wall_ns) -
                                                      (start.start_ns - first_.start_ns);
    ended_runs_ = ended_runs_.plus(sample_.inputs);
    run_ = start;
    sample_ = RunSample();
    sample_.at_ns = start.start_ns + shift_ns_;
    is_sampled_ = false;
    after_sample_ = 0;
    after_checkpoint_ = 0;
    next_checkpoint_ns_ = 0;
    now_ns_ = sample_.at_ns;
    to_wall_ns_ = start.start_wall_ns - now_ns_;
    present_.clear();
    present_at_ns_ = now_ns_;
    run_over_ = false;
    if (begun_ || start.start_wall_ns < begin_wall_ns_)
        return;
    begun_ = true;
    start_ns_ = now_ns_;
    start_wall_ns_ = start.start_wall_ns;
    at_begin_ = ended_runs_;
    begins_with_run_ = is_first;
}

// Passes seconds without changes, which the recorder left out.
void Replay::pass_quiet_seconds(std::uint64_t until_ns) {
    if (!is_sampled_ || next_checkpoint_ns_ != 0 || sample_.at_ns + quiet_ns > until_ns)
        return;
    while (!ended_ && sample_.at_ns + second_ns + second_ns / 2 < until_ns) {
        const std::uint64_t at_ns = sample_.at_ns + second_ns;
        choose_checkpoint(at_ns);
        sample_.at_ns = at_ns;
        pass_checkpoint(at_ns);
    }
}

void Replay::event(const Event& event) {
    if (shift_ns_ == 0)
        pass(event);
    else
        pass(shifted(event, shift_ns_));
}

void Replay::pass(const Event& event) {
    pass_quiet_seconds(event.time_ns);
    const bool outside = (end_checkpoint_ns_ != 0 && event.time_ns > end_checkpoint_ns_) ||
                         (!begins_with_run_ && event.time_ns <= start_ns_);
    if (!begun_ || ended_ || outside)
        return;
    now_ns_ = std::max(now_ns_, event.time_ns);
    count(event);
    note_netns(event);
    if (consumer_ == nullptr) // the span begins in a gap, which this event ended
        first_event_ = event;
    else
        deliver(event);
}

void Replay::deliver(const Event& event) {
    if (!filters_ || filter_.passes(event))
        consumer_->event(event);
    else
        filtered_ += event.type == EventType::TimeWait ? 1 : 0;
}

// Counts entries for the comparison with the recording's own numbers.
void Replay::count(const Event& event) {
    if (event.retracts && delivered_ > 0)
        --delivered_;
    if (event.type != EventType::TimeWait)
        return;
    ++delivered_;
    after_sample_ += event.time_ns > sample_.at_ns ? 1 : 0;
    after_checkpoint_ += next_checkpoint_ns_ != 0 && event.time_ns > next_checkpoint_ns_ ? 1 : 0;
}

void Replay::counted(const Event& event, std::uint64_t times) {
    if (begun_ && !ended_ && consumer_ != nullptr && filter_.passes(event))
        consumer_->counted(event, times);
}

void Replay::checkpoint(std::uint64_t at_ns) {
    pass_quiet_seconds(at_ns + shift_ns_);
    choose_checkpoint(at_ns + shift_ns_);
}

void Replay::choose_checkpoint(std::uint64_t at_ns) {
    if (!begun_) {
        if (wall_of(at_ns) < begin_wall_ns_)
            return;
        begun_ = true;
        start_ns_ = at_ns;
        now_ns_ = at_ns;
        start_wall_ns_ = wall_of(at_ns);
        return;
    }
    next_checkpoint_ns_ = at_ns;
    end_batch();
    if (end_checkpoint_ns_ == 0 && end_wall_ns_ != 0 && wall_of(at_ns) >= end_wall_ns_)
        end_checkpoint_ns_ = at_ns;
}

void Replay::sample(const RunSample& given) {
    const std::uint64_t at_ns = given.at_ns + shift_ns_;
    if (at_ns <= sample_.at_ns) // a block repeats the last one at its beginning
        return;
    pass_quiet_seconds(at_ns);
    if (ended_)
        return;
    is_sampled_ = true;
    for (const auto& [inode, counts] : given.namespaces)
        netns_[inode].counts = counts;
    const std::uint64_t checkpoint_ns = next_checkpoint_ns_;
    sample_ = given;
    sample_.at_ns = at_ns;
    to_wall_ns_ = given.wall_ns - at_ns;
    if (checkpoint_ns != at_ns && start_ns_ != at_ns)
        choose_checkpoint(at_ns);
    pass_checkpoint(at_ns);
}

void Replay::pass_checkpoint(std::uint64_t at_ns) {
    after_sample_ = std::exchange(after_checkpoint_, 0);
    next_checkpoint_ns_ = 0;
    if (!begun_)
        return;
    now_ns_ = std::max(now_ns_, at_ns);
    if (at_ns == start_ns_) {
        at_begin_ = ended_runs_.plus(sample_.inputs);
        return;
    }
    last_checkpoint_.at_ns = at_ns;
    last_checkpoint_.inputs = inputs_now();
    account(at_ns);
    end_batch();
    if (at_ns == end_checkpoint_ns_)
        finish(at_ns);
}

void Replay::end(const RunSample& last) {
    pass_quiet_seconds(last.at_ns + shift_ns_);
    if (ended_)
        return;
    for (const auto& [inode, counts] : last.namespaces)
        netns_[inode].counts = counts;
    sample_ = last;
    sample_.at_ns += shift_ns_;
    to_wall_ns_ = last.wall_ns - sample_.at_ns;
    now_ns_ = std::max(now_ns_, sample_.at_ns);
    after_sample_ = 0;
    run_over_ = true;
}

Accounting::Inputs Replay::inputs_now() const {
    const Accounting::Inputs all = ended_runs_.plus(sample_.inputs);
    Accounting::Inputs inputs = all;
    if (!begins_with_run_) {
        inputs = all.since(at_begin_);
        inputs.counted_at_end = all.counted_at_end;
    }
    inputs.filtered += filtered_;
    return inputs;
}

void Replay::account(std::uint64_t until_ns) {
    inputs_ = inputs_now();
    accounting_ = Accounting::of(inputs_);
    accounted_until_ns_ = until_ns;
}

// Without the end of its run, the recording was cut off: for events after the last sample there are
// no counters to compare with.
void Replay::finish(std::uint64_t at_ns) {
    ended_ = true;
    now_ns_ = end_checkpoint_ns_ != 0 ? end_checkpoint_ns_ : at_ns;
    account(now_ns_);
    if (!run_over_ && end_checkpoint_ns_ == 0) {
        inputs_.captured += after_sample_;
        inputs_.unverified.after_last_sample += after_sample_;
    }
    if (recording_.damaged_bytes() > 0) {
        const std::uint64_t left_out = inputs_.filtered - filtered_ + inputs_.unwritten;
        const std::uint64_t expected = inputs_.captured - std::min(inputs_.captured, left_out);
        inputs_.unwritten += expected - std::min(expected, delivered_);
    }
    accounting_ = Accounting::of(inputs_);
}

double Replay::elapsed_s() const {
    return static_cast<double>(now_ns_ - std::min(now_ns_, start_ns_)) / 1e9;
}

std::vector<std::string> Replay::notes() const {
    std::vector<std::string> notes = recording_.notes();
    const auto unknown =
        std::count_if(client_netns_.begin(), client_netns_.end(), [this](std::uint32_t inode) {
            const auto found = netns_.find(inode);
            return found == netns_.end() || !found->second.record.settings;
        });
    if (unknown > 0)
        notes.push_back(fmt::format("{} has no settings for {} of {} network namespaces with "
                                    "clients: the use of ports is not known there",
                                    printable(recording_.path()), unknown, client_netns_.size()));
    if (ended_ && !run_over_ && end_checkpoint_ns_ == 0)
        notes.push_back(fmt::format("{}: the recorder was killed, or is still writing: the "
                                    "recording ends at {}",
                                    printable(recording_.path()),
                                    local_date_time(wall_of(now_ns_))));
    if (sample_.unwritten_events > 0)
        notes.push_back(fmt::format("{} events could not be written to the recording",
                                    sample_.unwritten_events));
    return notes;
}

} // namespace twtrace
