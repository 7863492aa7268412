#include "exporter/front.h"

#include <poll.h>

#include "util/version_number.h"

namespace twtrace {

namespace {

using Clock = HttpServer::Clock;

constexpr std::chrono::milliseconds sweep_every{1000};

constexpr std::string_view landing_page = R"(<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>twtrace exporter</title></head><body>
<h1>twtrace exporter</h1>
<p>Which service closes its TCP connections into TIME_WAIT, and towards which peers.</p>
<ul><li><a href="/metrics">Metrics</a></li><li><a href="/-/healthy">Health</a></li></ul>
<p>twtrace )" TWTRACE_RELEASE "</p>\n</body></html>\n";

HttpReply plain(int status, std::string text, std::string_view extra = {}) {
    HttpReply reply;
    reply.status = status;
    reply.extra = extra;
    reply.body = std::make_shared<const std::string>(std::move(text));
    return reply;
}

// The publisher never sends first: the channel is readable only when it was closed.
bool has_ended(int channel) {
    pollfd waiting{channel, POLLIN, 0};
    return poll(&waiting, 1, 0) > 0;
}

} // namespace

Result<Sandbox> Front::start(HttpServer server, std::optional<Credentials> credentials) {
    return Sandbox::start("HTTP requests", SandboxWork::ServeConnections, server.descriptors(),
                          [&](int channel) { Front(server, credentials, channel).run(); });
}

void Front::run() {
    while (!publisher_gone_ && !has_ended(channel_))
        server_.serve(sweep_every, channel_,
                      [this](const HttpRequest& request) { return answer(request); });
}

HttpReply Front::page(Page page, std::string_view type) {
    Kept& kept = kept_[page];
    if (Clock::now() >= kept.until) {
        auto reply = request_page(channel_, page);
        publisher_gone_ = !reply;
        if (!reply)
            return plain(503, "twtrace is stopping\n");
        kept = {*std::move(reply), Clock::now() + page_lasts};
    }
    HttpReply reply;
    reply.status = kept.reply.status;
    reply.type = type;
    reply.body = kept.reply.body;
    reply.gzip = kept.reply.gzip;
    return reply;
}

HttpReply Front::answer(const HttpRequest& request) {
    if (request.method != "GET" && request.method != "HEAD")
        return plain(405, "only GET and HEAD\n", "Allow: GET, HEAD\r\n");
    // Needs no password: liveness probes (Kubernetes) have none.
    if (request.path == "/-/healthy")
        return page(Page::Health, HttpReply().type);
    if (credentials_ && !credentials_->admit(request.authorization))
        return plain(401, "user and password required\n",
                     "WWW-Authenticate: Basic realm=\"twtrace\"\r\n");
    if (request.path == "/metrics")
        return page(request.accepts_gzip ? Page::MetricsGzip : Page::Metrics,
                    "text/plain; version=0.0.4; charset=utf-8");
    if (request.path != "/")
        return plain(404, "not found; see /metrics\n");
    HttpReply reply = plain(200, std::string(landing_page));
    reply.type = "text/html; charset=utf-8";
    return reply;
}

} // namespace twtrace
