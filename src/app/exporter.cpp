#include <spdlog/spdlog.h>

#include "app/commands.h"
#include "app/live_run.h"
#include "app/picture.h"
#include "exporter/publisher.h"
#include "model/timestamp.h"

namespace twtrace {

namespace {

constexpr std::uint64_t second_ns = 1'000'000'000;
constexpr std::uint64_t rank_every_ns = 10 * second_ns;

// Receives events on the loop's thread; scrapes are answered on the publisher's.
class Feeder : public EventConsumer {
  public:
    Feeder(EventCounters& counters, LiveRun& run) : counters_(counters), run_(run) {}

    void event(const Event& event) override { counters_.add(event, 1, now_ns_); }
    void counted(const Event& event, std::uint64_t times) override {
        counters_.add(event, times, now_ns_);
    }

    /// To be called after each batch.
    void tick() {
        now_ns_ = monotonic_now_ns();
        if (now_ns_ < second_due_ns_)
            return;
        second_due_ns_ = now_ns_ + second_ns;
        every_second();
        if (now_ns_ < rank_due_ns_)
            return;
        rank_due_ns_ = now_ns_ + rank_every_ns;
        counters_.rank(now_ns_);
    }
    void every_second() {
        if (run_.accounted_until_ns() != accounted_ns_)
            counters_.add(run_.accounting(), run_.accounting_inputs().overflow);
        accounted_ns_ = run_.accounted_until_ns();
    }

  private:
    EventCounters& counters_;
    LiveRun& run_;
    std::uint64_t now_ns_ = monotonic_now_ns();
    std::uint64_t second_due_ns_ = 0;
    std::uint64_t rank_due_ns_ = 0;
    std::uint64_t accounted_ns_ = 0;
};

// With a textfile but without --listen there is no server.
Result<std::optional<HttpServer>> make_server(const Options& options) {
    if (!options.listen && !options.textfile.empty())
        return std::optional<HttpServer>();
    const SocketAddress address =
        options.listen ? *options.listen : *parse_socket_address(default_listen);
    auto server = HttpServer::bind(address);
    if (!server)
        return tl::unexpected(server.error());
    if (!is_loopback(address) && options.auth_file.empty())
        spdlog::info("everybody who reaches {} may read the metrics; see --auth-file",
                     to_string(address));
    return std::optional<HttpServer>(*std::move(server));
}

Result<PublisherConfig> config_of(const Options& options) {
    PublisherConfig config;
    if (!options.auth_file.empty()) {
        auto credentials = Credentials::read(options.auth_file);
        if (!credentials)
            return tl::unexpected(credentials.error());
        config.credentials = *std::move(credentials);
    }
    auto server = make_server(options);
    if (!server)
        return tl::unexpected(server.error());
    config.server = *std::move(server);
    config.textfile = options.textfile;
    if (options.interval.count() > 0)
        config.textfile_every = options.interval;
    config.series = options.series;
    config.netns = options.filter.netns;
    return config;
}

} // namespace

Result<void> run_exporter(const Options& options) {
    auto config = config_of(options);
    if (!config)
        return tl::unexpected(config.error());
    const int port = config->server ? config->server->port() : 0;
    auto run = LiveRun::start(options, {every_type, TWTRACE_PASSIVE_COUNT});
    if (!run)
        return tl::unexpected(run.error());
    run->shed_privileges(); // the publisher's thread parses requests
    EventCounters counters(options.series);
    Feeder feeder(counters, *run);
    // After the loop has blocked the stop signals, so that the publisher's thread does not get
    // them.
    auto publisher = Publisher::start(*std::move(config), counters);
    if (!publisher)
        return tl::unexpected(publisher.error());
    if (port != 0)
        spdlog::info("listening on port {}", port);
    auto done = run->run(options, feeder, [&]() -> Result<bool> {
        feeder.tick();
        (*publisher)->alive();
        return true;
    });
    feeder.every_second(); // includes the last events: the textfile is written once more
    return done;
}

} // namespace twtrace
