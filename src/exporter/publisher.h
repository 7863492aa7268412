// The thread that answers scrapers and writes the textfile. The loop's thread never waits for it.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "exporter/credentials.h"
#include "exporter/event_counters.h"
#include "exporter/exposition.h"
#include "exporter/host_watch.h"
#include "exporter/http_server.h"

namespace twtrace {

struct PublisherConfig {
    std::optional<HttpServer> server;
    std::optional<Credentials> credentials;
    std::string textfile; ///< empty: none
    std::chrono::milliseconds textfile_every{15'000};
    std::size_t series = 100;
    std::vector<std::uint32_t> netns;
};

class Publisher {
  public:
    /// Writes the textfile for the first time, which may fail, and starts the thread. `counters`
    /// must outlive it.
    static Result<std::unique_ptr<Publisher>> start(PublisherConfig config,
                                                    EventCounters& counters);
    /// Ends the thread, and writes the textfile for the last time.
    ~Publisher();
    Publisher(const Publisher&) = delete;
    Publisher& operator=(const Publisher&) = delete;

    /// Signals that the loop runs: /-/healthy fails if this was not called for ten seconds.
    void alive() { alive_at_ = HttpServer::Clock::now().time_since_epoch().count(); }

  private:
    Publisher(PublisherConfig config, EventCounters& counters);
    void run();
    HttpReply answer(const HttpRequest& request);
    HttpReply metrics(bool gzip);
    HttpReply health() const;
    void render();
    Result<void> write_file();
    void write_file_if_due();

    PublisherConfig config_;
    EventCounters& counters_;
    Exposition exposition_;
    HostWatch host_;
    std::shared_ptr<const std::string> text_;
    std::shared_ptr<const std::string> packed_;
    HttpServer::Clock::time_point rendered_at_;
    double render_s_ = 0;
    HttpServer::Clock::time_point file_due_;
    bool file_failed_ = false;
    std::atomic<HttpServer::Clock::rep> alive_at_;
    Fd stop_;
    std::thread thread_;
};

} // namespace twtrace
