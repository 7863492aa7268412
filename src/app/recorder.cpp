#include "app/recorder.h"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "app/present_sockets.h"
#include "util/cpu_time.h"

namespace twtrace {

namespace {

constexpr std::uint64_t second_ns = 1'000'000'000;
constexpr std::uint64_t find_every_ns = 10 * second_ns;
constexpr std::uint64_t ports_every_ns = 10 * second_ns;
constexpr std::size_t sockets_a_record = 1000;

// The filter selects the namespaces; all events in them are recorded.
Filter whole_namespaces(const Filter& filter) {
    Filter whole;
    whole.netns = filter.netns;
    return whole;
}

} // namespace

Recorder::Recorder(const Options& options, EventSource& source, RecordingWriter& writer,
                   std::uint64_t start_ns)
    : source_(source), writer_(writer), watch_(options.filter.netns),
      namespace_filter_(whole_namespaces(options.filter)), reading_(namespace_filter_) {
    write_present(options, start_ns);
    if (auto begun = reading_.begin(); begun)
        can_read_ = true;
    else
        spdlog::warn("ports and settings are not recorded: {}", begun.error().message);
    write_ports(source.now_ns());
    writer_.flush(source_.wall_of(source_.now_ns()));
}

void Recorder::write_present(const Options& options, std::uint64_t start_ns) {
    const auto sockets = present_sockets(options.filter.netns, start_ns);
    for (std::size_t from = 0; from < sockets.size(); from += sockets_a_record) {
        const auto first = sockets.begin() + static_cast<std::ptrdiff_t>(from);
        const auto count = std::min(sockets_a_record, sockets.size() - from);
        writer_.sockets({first, first + static_cast<std::ptrdiff_t>(count)});
    }
}

void Recorder::event(const Event& event) {
    if (checkpoint_ns_ != 0)
        writer_.checkpoint(std::exchange(checkpoint_ns_, 0));
    writer_.event(event);
    note_failure(event);
}

// The doctor counts the TIME_WAITs that connect() did not take over when it last failed.
void Recorder::note_failure(const Event& event) {
    constexpr std::size_t max_failures = 1000;
    if (event.type != EventType::PortExhausted || event.reason != Reason::None)
        return;
    const HeldKey key{event.netns, event.remote, event.remote_port, event.local};
    if (failed_ns_.size() < max_failures || failed_ns_.contains(key))
        failed_ns_[key] = event.time_ns;
}

void Recorder::counted(const Event& event, std::uint64_t times) {
    writer_.event(event, times);
}

void Recorder::tick() {
    const std::uint64_t now_ns = source_.now_ns();
    if (source_.last_checkpoint().at_ns != sampled_ns_) {
        write_sample();
        if (now_ns >= next_ports_ns_)
            write_ports(now_ns);
    }
    if (source_.next_checkpoint_ns() > sampled_ns_)
        checkpoint_ns_ = chosen_ns_ == source_.next_checkpoint_ns() ? checkpoint_ns_
                                                                    : source_.next_checkpoint_ns();
    chosen_ns_ = source_.next_checkpoint_ns();
    if (now_ns < flush_due_ns_)
        return;
    writer_.flush(source_.wall_of(now_ns));
    flush_due_ns_ = now_ns + second_ns / 2;
}

RunSample Recorder::sample_of(const Accounting::Inputs& inputs, std::uint64_t at_ns) {
    RunSample sample;
    sample.at_ns = at_ns;
    sample.wall_ns = source_.wall_of(at_ns);
    sample.inputs = inputs;
    if (const auto losses = source_.ends_losses()) {
        sample.ends_lost = losses->lost;
        sample.ends_untracked = losses->untracked;
    }
    for (const auto& [inode, view] : watch_.views())
        if (view.counts)
            sample.namespaces[inode] = *view.counts;
    return sample;
}

void Recorder::write_sample() {
    const std::uint64_t now_ns = source_.now_ns();
    if (now_ns >= next_find_ns_)
        next_find_ns_ = run_and_pause(now_ns, find_every_ns, [this] { watch_.find(); });
    if (now_ns >= next_count_ns_)
        next_count_ns_ = run_and_pause(now_ns, 0, [this] { watch_.count(); });
    sampled_ns_ = source_.last_checkpoint().at_ns;
    checkpoint_ns_ = 0;
    writer_.sample(sample_of(source_.last_checkpoint().inputs, sampled_ns_));
}

void Recorder::write_ports(std::uint64_t now_ns) {
    if (!can_read_)
        return;
    doctor::Observations seen;
    for (const auto& [key, at_ns] : failed_ns_) {
        doctor::Flow& flow = seen.flows.emplace_back();
        flow.netns = key.netns;
        flow.local = key.local;
        flow.remote = key.remote;
        flow.port = key.port;
        flow.no_port = 1;
        flow.last_no_port_ns = at_ns;
    }
    next_ports_ns_ = run_and_pause(now_ns, ports_every_ns, [&] { reading_.end(seen, false); });
    for (const auto& [inode, facts] : seen.namespaces) {
        writer_.netns({inode, facts.name, facts.enter, facts.settings});
        PortsRecord record;
        record.at_ns = now_ns;
        record.netns = inode;
        record.counted = facts.ports_counted;
        record.ports = facts.ports;
        for (PortUse& use : record.ports)
            use.held_before = use.taken_before = 0;
        record.destinations = facts.destinations;
        record.addresses = facts.addresses;
        record.overflow = facts.overflow_rise;
        record.listeners = facts.listeners;
        record.listeners_known = facts.listeners_known;
        writer_.ports(record);
        if (facts.conntrack)
            writer_.conntrack({inode, *facts.conntrack});
    }
}

void Recorder::finish() {
    write_ports(source_.now_ns());
    watch_.find();
    watch_.count();
    writer_.end(sample_of(source_.accounting_inputs(), source_.accounted_until_ns()));
}

} // namespace twtrace
