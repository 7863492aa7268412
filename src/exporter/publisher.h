// The thread that renders the pages of the front and writes the textfile. The loop's thread never
// waits for it.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "exporter/event_counters.h"
#include "exporter/exposition.h"
#include "exporter/host_watch.h"
#include "exporter/page_channel.h"
#include "privilege/sandbox.h"
#include "util/fd.h"
#include "util/result.h"

namespace twtrace {

struct PublisherConfig {
    const Sandbox* front = nullptr; ///< outlives the publisher; null: no HTTP server
    std::vector<pid_t> children;    ///< the exporter's other processes
    std::string textfile;           ///< empty: none
    std::chrono::milliseconds textfile_every{15'000};
    std::size_t series = 100;
    std::vector<std::uint32_t> netns;
};

class Publisher {
  public:
    using Clock = std::chrono::steady_clock;

    /// Writes the textfile for the first time, which may fail, and starts the thread. `counters`
    /// must outlive it.
    static Result<std::unique_ptr<Publisher>> start(PublisherConfig config,
                                                    EventCounters& counters);
    /// Ends the thread, and writes the textfile for the last time.
    ~Publisher();
    Publisher(const Publisher&) = delete;
    Publisher& operator=(const Publisher&) = delete;

    /// Signals that the loop runs: /-/healthy fails if this was not called for ten seconds.
    void report_alive() { alive_at_ = Clock::now().time_since_epoch().count(); }

  private:
    Publisher(PublisherConfig config, EventCounters& counters);
    void run();
    /// False: there will be no more questions.
    bool answer_front();
    PageReply reply_for(Page page);
    PageReply metrics(bool gzip);
    PageReply health() const;
    void render();
    Result<void> write_file();
    void write_file_if_due();

    PublisherConfig config_;
    EventCounters& counters_;
    Exposition exposition_;
    HostWatch host_;
    std::shared_ptr<const std::string> text_;
    std::shared_ptr<const std::string> packed_;
    Clock::time_point rendered_at_;
    double render_s_ = 0;
    Clock::time_point file_due_;
    bool file_failed_ = false;
    std::atomic<Clock::rep> alive_at_;
    Fd stop_;
    std::atomic<bool> ended_ = false; ///< as stop_, which may fail
    std::thread thread_;
};

} // namespace twtrace
