#include "exporter/publisher.h"

#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>

#include "exporter/textfile.h"
#include "model/timestamp.h"
#include "util/thread.h"
#include "util/version_number.h"

namespace twtrace {

namespace {

using Clock = HttpServer::Clock;

// More frequent requests get the same answer again, so that a flood costs little.
constexpr std::chrono::milliseconds answer_lasts{100};
constexpr std::chrono::seconds stalled_after{10};
constexpr std::chrono::milliseconds sweep_every{1000};

constexpr std::string_view landing_page = R"(<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>twtrace exporter</title></head><body>
<h1>twtrace exporter</h1>
<p>Which service closes its TCP connections into TIME_WAIT, and towards whom.</p>
<ul><li><a href="/metrics">Metrics</a></li><li><a href="/-/healthy">Health</a></li></ul>
<p>twtrace )" TWTRACE_RELEASE "</p>\n</body></html>\n";

HttpReply plain(int status, std::string text, std::string_view extra = {}) {
    HttpReply reply;
    reply.status = status;
    reply.extra = extra;
    reply.body = std::make_shared<const std::string>(std::move(text));
    return reply;
}

} // namespace

Publisher::Publisher(PublisherConfig config, EventCounters& counters)
    : config_(std::move(config)), counters_(counters), exposition_(config_.series),
      host_(config_.netns), alive_at_(Clock::now().time_since_epoch().count()),
      stop_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

Result<std::unique_ptr<Publisher>> Publisher::start(PublisherConfig config,
                                                    EventCounters& counters) {
    std::unique_ptr<Publisher> publisher(new Publisher(std::move(config), counters));
    if (!publisher->stop_)
        return fail(fmt::format("cannot make an event descriptor: {}", std::strerror(errno)));
    counters.set_rules(publisher->host_.look().rules);
    if (!publisher->config_.textfile.empty()) {
        if (auto written = publisher->write_file(); !written)
            return tl::unexpected(written.error());
        publisher->file_due_ = Clock::now() + publisher->config_.textfile_every;
    }
    auto thread = start_thread([self = publisher.get()] { self->run(); });
    if (!thread)
        return tl::unexpected(thread.error());
    publisher->thread_ = *std::move(thread);
    return publisher;
}

Publisher::~Publisher() {
    if (!thread_.joinable())
        return;
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(stop_.get(), &one, sizeof(one));
    thread_.join();
    file_due_ = {};
    write_file_if_due();
}

void Publisher::run() {
    const auto stopped = [this](int wait_ms) {
        pollfd waiting{stop_.get(), POLLIN, 0};
        return poll(&waiting, 1, wait_ms) > 0;
    };
    bool stop = false;
    while (!stop) {
        auto wait = sweep_every;
        if (!config_.textfile.empty())
            wait =
                std::clamp(std::chrono::ceil<std::chrono::milliseconds>(file_due_ - Clock::now()),
                           std::chrono::milliseconds(0), sweep_every);
        if (config_.server)
            config_.server->serve(wait, stop_.get(),
                                  [this](const HttpRequest& request) { return answer(request); });
        write_file_if_due();
        stop = stopped(config_.server ? 0 : static_cast<int>(wait.count()));
    }
}

void Publisher::render() {
    const auto before = Clock::now();
    ObservedHost host = host_.look();
    counters_.set_rules(host.rules);
    host.render_s = render_s_;
    text_ = std::make_shared<const std::string>(
        exposition_.text(counters_.copy(monotonic_now_ns()), host));
    packed_.reset();
    rendered_at_ = Clock::now();
    render_s_ = std::chrono::duration<double>(rendered_at_ - before).count();
}

HttpReply Publisher::metrics(bool gzip) {
    if (!text_ || Clock::now() - rendered_at_ >= answer_lasts)
        render();
    if (gzip && !packed_)
        packed_ = std::make_shared<const std::string>(compress(*text_));
    HttpReply reply;
    reply.type = "text/plain; version=0.0.4; charset=utf-8";
    reply.gzip = gzip && !packed_->empty();
    reply.body = reply.gzip ? packed_ : text_;
    return reply;
}

HttpReply Publisher::health() const {
    const Clock::duration alive_at(alive_at_.load());
    if (Clock::now().time_since_epoch() - alive_at > stalled_after)
        return plain(503, "twtrace does not read events any more\n");
    return plain(200, "twtrace is healthy\n");
}

HttpReply Publisher::answer(const HttpRequest& request) {
    if (request.method != "GET" && request.method != "HEAD")
        return plain(405, "only GET and HEAD\n", "Allow: GET, HEAD\r\n");
    // Needs no password: liveness probes (Kubernetes) have none.
    if (request.path == "/-/healthy")
        return health();
    if (config_.credentials && !config_.credentials->admit(request.authorization))
        return plain(401, "user and password, please\n",
                     "WWW-Authenticate: Basic realm=\"twtrace\"\r\n");
    if (request.path == "/metrics")
        return metrics(request.accepts_gzip);
    if (request.path != "/")
        return plain(404, "not here: see /metrics\n");
    HttpReply reply = plain(200, std::string(landing_page));
    reply.type = "text/html; charset=utf-8";
    return reply;
}

Result<void> Publisher::write_file() {
    render();
    return write_textfile(config_.textfile, *text_);
}

// An error is reported once, not every fifteen seconds.
void Publisher::write_file_if_due() {
    if (config_.textfile.empty() || Clock::now() < file_due_)
        return;
    file_due_ = Clock::now() + config_.textfile_every;
    const auto written = write_file();
    if (!written && !file_failed_)
        spdlog::error("{}", written.error().message);
    if (written && file_failed_)
        spdlog::warn("{} is written again", config_.textfile);
    file_failed_ = !written;
}

} // namespace twtrace
