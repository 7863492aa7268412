#include "exporter/publisher.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>

#include "exporter/http_message.h"
#include "exporter/textfile.h"
#include "model/timestamp.h"
#include "util/reason.h"
#include "util/thread.h"

namespace twtrace {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds stalled_after{10};
constexpr std::chrono::milliseconds longest_wait{1000};
// For the front to read an answer, for which it waits.
constexpr int send_timeout_s = 5;

} // namespace

Publisher::Publisher(PublisherConfig config, EventCounters& counters)
    : config_(std::move(config)), counters_(counters), exposition_(config_.series),
      host_(config_.netns, config_.children), alive_at_(Clock::now().time_since_epoch().count()),
      stop_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

Result<std::unique_ptr<Publisher>> Publisher::start(PublisherConfig config,
                                                    EventCounters& counters) {
    std::unique_ptr<Publisher> publisher(new Publisher(std::move(config), counters));
    if (!publisher->stop_)
        return fail(fmt::format("cannot create an event descriptor: {}", reason(errno)));
    counters.set_rules(publisher->host_.read().rules);
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
    ended_ = true;
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(stop_.get(), &one, sizeof(one));
    thread_.join();
    file_due_ = {};
    write_file_if_due();
}

void Publisher::run() {
    std::array<pollfd, 2> waiting{
        {{stop_.get(), POLLIN, 0},
         {config_.front != nullptr ? config_.front->channel() : -1, POLLIN, 0}}};
    while (!ended_) {
        auto wait = longest_wait;
        if (!config_.textfile.empty())
            wait =
                std::clamp(std::chrono::ceil<std::chrono::milliseconds>(file_due_ - Clock::now()),
                           std::chrono::milliseconds(0), longest_wait);
        if (poll(waiting.data(), waiting.size(), static_cast<int>(wait.count())) < 0)
            continue;
        if (waiting[0].revents != 0)
            return;
        if (waiting[1].revents != 0 && !answer_front())
            waiting[1].fd = -1; // poll() ignores it
        write_file_if_due();
    }
}

// The front parses input of the network, so its questions are checked.
bool Publisher::answer_front() {
    using Kind = Question::Kind;
    const Question question = receive_question(config_.front->channel());
    if (question.kind == Kind::None)
        return true;
    if (question.kind == Kind::ForPage &&
        send_page(config_.front->channel(), reply_for(question.page), send_timeout_s))
        return true;
    config_.front->kill(); // the loop notices its end
    return false;
}

void Publisher::render() {
    const auto before = Clock::now();
    ObservedHost host = host_.read();
    counters_.set_rules(host.rules);
    host.render_s = render_s_;
    text_ = std::make_shared<const std::string>(
        exposition_.text(counters_.copy(monotonic_now_ns()), host));
    packed_.reset();
    rendered_at_ = Clock::now();
    render_s_ = std::chrono::duration<double>(rendered_at_ - before).count();
}

PageReply Publisher::metrics(bool gzip) {
    if (!text_ || Clock::now() - rendered_at_ >= page_lasts)
        render();
    if (gzip && !packed_)
        packed_ = std::make_shared<const std::string>(compress(*text_));
    const bool packed = gzip && !packed_->empty();
    return {200, packed, packed ? packed_ : text_};
}

PageReply Publisher::health() const {
    const auto reply = [](int status, const char* text) {
        return PageReply{status, false, std::make_shared<const std::string>(text)};
    };
    const Clock::duration alive_at(alive_at_.load());
    if (Clock::now().time_since_epoch() - alive_at > stalled_after)
        return reply(503, "twtrace does not read events any more\n");
    return reply(200, "twtrace is healthy\n");
}

PageReply Publisher::reply_for(Page page) {
    return page == Page::Health ? health() : metrics(page == Page::MetricsGzip);
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
