#include <cerrno>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "app/commands.h"
#include "app/live_run.h"
#include "app/picture.h"
#include "attribute/runtime_names/name_parser.h"
#include "exporter/front.h"
#include "exporter/publisher.h"
#include "model/timestamp.h"
#include "util/reason.h"

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

// None: no server.
Result<std::optional<Sandbox>> start_front(const Options& options) {
    if (!options.serves_http())
        return std::optional<Sandbox>();
    std::optional<Credentials> credentials;
    if (!options.auth_file.empty()) {
        auto read = Credentials::read(options.auth_file);
        if (!read)
            return tl::unexpected(read.error());
        credentials = *std::move(read);
    }
    const SocketAddress address =
        options.listen ? *options.listen : *parse_socket_address(default_listen);
    auto server = HttpServer::bind(address);
    if (!server)
        return tl::unexpected(server.error());
    const int port = server->port();
    auto front = Front::start(*std::move(server), std::move(credentials));
    if (!front)
        return tl::unexpected(front.error());
    if (!is_loopback(address) && options.auth_file.empty())
        spdlog::info("any client that can reach {} may read the metrics; see --auth-file",
                     to_string(address));
    spdlog::info("listening on port {}", port);
    return std::optional<Sandbox>(*std::move(front));
}

PublisherConfig config_of(const Options& options, const Sandbox* front) {
    PublisherConfig config;
    config.front = front;
    config.children = parser_pids();
    if (front != nullptr)
        config.children.push_back(front->pid());
    config.textfile = options.textfile;
    if (options.interval.count() > 0)
        config.textfile_every = options.interval;
    config.series = options.series;
    config.netns = options.filter.netns;
    return config;
}

} // namespace

Result<void> run_exporter(const Options& options) {
    auto front = start_front(options); // before there is anything to protect
    if (!front)
        return tl::unexpected(front.error());
    auto run = LiveRun::start(options, {every_type, TWTRACE_PASSIVE_COUNT});
    if (!run)
        return tl::unexpected(run.error());
    run->shed_privileges();
    EventCounters counters(options.series);
    Feeder feeder(counters, *run);
    // After the loop has blocked the stop signals, so that the publisher's thread does not get
    // them.
    auto publisher = Publisher::start(config_of(options, *front ? &**front : nullptr), counters);
    if (!publisher)
        return tl::unexpected(publisher.error());
    bool front_ended = false;
    if (*front && !run->on_readable((*front)->end_fd(), [&] {
            front_ended = true;
            return false;
        }))
        return fail("cannot watch the process that answers HTTP requests: " + reason(errno));
    auto done = run->run(options, feeder, [&]() -> Result<bool> {
        feeder.tick();
        (*publisher)->report_alive();
        if (front_ended)
            return fail(fmt::format("the process that answers HTTP requests {}; start twtrace "
                                    "again (its systemd unit does)",
                                    (*front)->fate()));
        return true;
    });
    feeder.every_second(); // includes the last events: the textfile is written once more
    return done;
}

} // namespace twtrace
