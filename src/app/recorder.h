// Writes a recording: the events of a run, and the state of the host that a replay needs.
#pragma once

#include <cstdint>
#include <map>

#include "account/namespace_watch.h"
#include "aggregate/ports_held.h"
#include "app/event_source.h"
#include "app/host_reading.h"
#include "recording/recording_writer.h"

namespace twtrace {

class Recorder : public EventConsumer {
  public:
    /// start_ns: when the events of source begin.
    Recorder(const Options& options, EventSource& source, RecordingWriter& writer,
             std::uint64_t start_ns);

    void event(const Event& event) override;
    void counted(const Event& event, std::uint64_t times) override;
    /// To be called after each batch of events.
    void tick();
    /// To be called after the run.
    void finish();

  private:
    void write_present(const Options& options, std::uint64_t start_ns);
    void note_failure(const Event& event);
    void write_sample();
    void write_ports(std::uint64_t now_ns);
    RunSample sample_of(const Accounting::Inputs& inputs, std::uint64_t at_ns);

    EventSource& source_;
    RecordingWriter& writer_;
    NamespaceWatch watch_;
    Filter namespace_filter_;
    doctor::HostReading reading_;
    bool can_read_ = false;
    std::map<HeldKey, std::uint64_t> failed_ns_; // when connect() last found no free port
    std::uint64_t checkpoint_ns_ = 0;            // chosen, and not yet written
    std::uint64_t chosen_ns_ = 0;                // chosen last
    std::uint64_t sampled_ns_ = 0;
    std::uint64_t next_find_ns_ = 0;
    std::uint64_t next_count_ns_ = 0;
    std::uint64_t next_ports_ns_ = 0;
    std::uint64_t flush_due_ns_ = 0;
};

} // namespace twtrace
