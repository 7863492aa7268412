// What the doctor knows of a host in addition to the events, live or from a recording.
#pragma once

#include <memory>
#include <optional>

#include "app/event_source.h"
#include "app/host_reading.h"
#include "app/replay.h"
#include "app/replayed_facts.h"
#include "doctor/observer.h"
#include "sink/doctor_sink.h"

namespace twtrace {

class HostFacts {
  public:
    /// To be created before the run. replay: at the start of the span; null: this host. Errors: as
    /// of HostReading::begin().
    static Result<std::unique_ptr<HostFacts>> begin(const Options& options, const Replay* replay) {
        std::unique_ptr<HostFacts> facts(new HostFacts(options.filter));
        if (replay != nullptr)
            facts->replayed_.emplace(*replay);
        else if (auto begun = facts->reading_.begin(); !begun)
            return tl::unexpected(begun.error());
        facts->replay_ = replay;
        return facts;
    }

    /// To be called after the run: the observations, without the findings.
    doctor::DoctorReport report(const EventSource& source, doctor::Observer& observer) {
        doctor::DoctorReport report;
        observer.finish(report.seen);
        report.seen.seconds = source.elapsed_s();
        report.seen.accounting = source.accounting();
        if (replayed_)
            replayed_->fill(report.seen);
        else
            reading_.end(report.seen);
        report.notes = replay_ != nullptr ? replay_->notes() : reading_.notes();
        report.start_wall_ns = source.start_wall_ns();
        report.end_wall_ns = source.end_wall_ns();
        const EventSource::Host host = source.host();
        report.host = host.name;
        report.kernel = host.kernel;
        return report;
    }

  private:
    explicit HostFacts(const Filter& filter) : reading_(filter) {}
    doctor::HostReading reading_;
    std::optional<ReplayedFacts> replayed_;
    const Replay* replay_ = nullptr;
};

} // namespace twtrace
