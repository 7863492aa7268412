// The events of a recording, with the state of the host at that time.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/event_source.h"
#include "app/wall_time.h"
#include "filter/filter.h"
#include "recording/recording.h"

namespace twtrace {

class Replay : public EventSource, private RecordVisitor {
  public:
    /// Begins at options.begin and ends at options.end, both moved to the next full second of the
    /// recording; covers everything if they are not set. Error: there is nothing in the span.
    static Result<std::unique_ptr<Replay>> open(const Options& options);
    /// The same for a span of wall-clock time; 0: unbounded.
    static Result<std::unique_ptr<Replay>> open(Recording recording, const Filter& filter,
                                                std::uint64_t begin_wall_ns,
                                                std::uint64_t end_wall_ns);

    Result<void> run(const Options& options, EventConsumer& consumer,
                     const std::function<Result<bool>()>& after_batch) override;
    /// Reads one record, up to the end of the span; false: no more. Events are passed to the
    /// consumer.
    bool step(EventConsumer& consumer);

    [[nodiscard]] const Accounting& accounting() const override { return accounting_; }
    [[nodiscard]] const Accounting::Inputs& accounting_inputs() const override { return inputs_; }
    [[nodiscard]] std::uint64_t accounted_until_ns() const override { return accounted_until_ns_; }
    [[nodiscard]] const Checkpoint& last_checkpoint() const override { return last_checkpoint_; }
    [[nodiscard]] std::uint64_t next_checkpoint_ns() const override { return next_checkpoint_ns_; }
    [[nodiscard]] double elapsed_s() const override;
    [[nodiscard]] std::uint64_t now_ns() const override { return held_ns_ ? *held_ns_ : now_ns_; }
    /// Fixes now_ns() to this value.
    void hold_clock(std::uint64_t at_ns) { held_ns_ = at_ns; }
    /// The time of the last record that was read.
    [[nodiscard]] std::uint64_t recorded_until_ns() const { return now_ns_; }
    [[nodiscard]] std::uint64_t wall_of(std::uint64_t at_ns) const override {
        return at_ns + to_wall_ns_;
    }
    [[nodiscard]] std::uint64_t start_ns() const { return start_ns_; }
    [[nodiscard]] std::uint64_t start_wall_ns() const override { return start_wall_ns_; }
    [[nodiscard]] std::uint64_t end_wall_ns() const override { return wall_of(now_ns_); }
    [[nodiscard]] std::optional<EndsLosses> ends_losses() const override;
    [[nodiscard]] Host host() const override { return {first_.host, first_.kernel}; }
    [[nodiscard]] std::unique_ptr<NamespaceViews>
    namespaces(const std::vector<std::uint32_t>& chosen) const override;
    [[nodiscard]] Inherited inherited(const std::vector<std::uint32_t>& chosen, std::uint64_t at_ns,
                                      Flows& flows) const override;

    /// The present state of a namespace.
    struct Netns {
        NamespaceRecord record;
        std::optional<SockStat> counts;
        PortsRecord ports;
        std::optional<Conntrack> conntrack;
    };
    using Namespaces = std::map<std::uint32_t, Netns>;
    [[nodiscard]] const Namespaces& netns() const { return netns_; }
    /// The state at the beginning of the span.
    [[nodiscard]] const Namespaces& netns_at_begin() const { return netns_at_begin_; }
    /// Time-wait sockets that existed when the run began, and the time of that.
    [[nodiscard]] const std::vector<PresentSocket>& present() const { return present_; }
    [[nodiscard]] std::uint64_t present_at_ns() const { return present_at_ns_; }
    [[nodiscard]] const Recording& recording() const { return recording_; }
    /// What could not be read, for the user.
    [[nodiscard]] std::vector<std::string> notes() const;

  private:
    Replay(Recording recording, const Filter& filter)
        : recording_(std::move(recording)), filter_(filter),
          filters_(filter.is_partial() || !filter.netns.empty()) {}
    Result<void> go_to_begin(std::uint64_t begin_wall_ns);
    void read_state();

    void event(const Event& event) override;
    void counted(const Event& event, std::uint64_t times) override;
    void start(const RunStart& start) override;
    void netns(const NamespaceRecord& record) override;
    void sockets(const std::vector<PresentSocket>& sockets) override;
    void checkpoint(std::uint64_t at_ns) override;
    void sample(const RunSample& sample) override;
    void ports(const PortsRecord& record) override;
    void conntrack(const ConntrackRecord& record) override;
    void end(const RunSample& last) override;

    void pass(const Event& event);
    void count(const Event& event);
    void deliver(const Event& event);
    void note_netns(const Event& event);
    void end_batch();
    void pass_quiet_seconds(std::uint64_t until_ns);
    void choose_checkpoint(std::uint64_t at_ns);
    void pass_checkpoint(std::uint64_t at_ns);
    void finish(std::uint64_t at_ns);
    void account(std::uint64_t until_ns);
    [[nodiscard]] Accounting::Inputs inputs_now() const;

    Recording recording_;
    const Filter& filter_;
    bool filters_; // filter_ has a condition
    EventConsumer* consumer_ = nullptr;
    std::uint64_t begin_wall_ns_ = 0;
    std::uint64_t end_wall_ns_ = 0; // 0: none
    bool begun_ = false;
    // Read during the search for the start of the span, and not yet passed on.
    std::optional<Event> first_event_;
    bool ended_ = false;
    // While the replay runs: called for each batch, and when a checkpoint is chosen or passed.
    const std::function<Result<bool>()>* after_batch_ = nullptr;
    Result<bool> going_on_ = true;

    RunStart first_;
    RunStart run_;                 // the present one
    std::uint64_t shift_ns_ = 0;   // offset from its clock to that of the first run
    std::uint64_t to_wall_ns_ = 0; // the offset of wall_of()
    std::uint64_t now_ns_ = 0;
    std::optional<std::uint64_t> held_ns_;
    std::uint64_t start_ns_ = 0;
    std::uint64_t start_wall_ns_ = 0;
    std::uint64_t end_checkpoint_ns_ = 0; // where the span ends; 0: not yet known

    RunSample sample_;              // the last one, in shifted time
    Accounting::Inputs ended_runs_; // of runs that have ended
    Accounting::Inputs at_begin_;
    bool begins_with_run_ = false;       // the span starts with a run, with exact counters
    bool run_over_ = false;              // the end of the run was read
    bool is_sampled_ = false;            // sample_ belongs to this run
    std::uint64_t after_sample_ = 0;     // entries since sample_
    std::uint64_t after_checkpoint_ = 0; // of these: since the chosen checkpoint
    std::uint64_t delivered_ = 0;        // entries of the span
    std::uint64_t filtered_ = 0;         // recorded entries that filter_ left out
    Accounting accounting_;
    Accounting::Inputs inputs_;
    std::uint64_t accounted_until_ns_ = 0;
    std::uint64_t next_checkpoint_ns_ = 0;
    Checkpoint last_checkpoint_;

    Namespaces netns_;
    Namespaces netns_at_begin_;
    std::uint32_t last_netns_ = 0;
    // Namespaces with clients: their port settings are needed.
    std::set<std::uint32_t> client_netns_;
    std::vector<PresentSocket> present_;
    std::uint64_t present_at_ns_ = 0;
};

} // namespace twtrace
