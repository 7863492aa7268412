#include "exporter/page_channel.h"

#include <array>
#include <csignal>
#include <cstdint>
#include <thread>

#include <poll.h>
#include <sys/socket.h>

#include "catch2.h"

#include "exporter/publisher.h"

using namespace twtrace;

namespace {

constexpr int at_once = 0;
constexpr int bound_s = 10;
constexpr int bound_ms = 1000 * bound_s;

struct Channel {
    Channel() {
        int ends[2] = {-1, -1};
        REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
        front = Fd(ends[0]);
        publisher = Fd(ends[1]);
    }
    Fd front;
    Fd publisher;
};

PageReply reply_of(std::string body) {
    return {200, true, std::make_shared<const std::string>(std::move(body))};
}

} // namespace

TEST_CASE("page channel: a page of any size arrives as it was sent") {
    const Channel channel;
    for (const std::size_t bytes : {std::size_t{0}, std::size_t{1}, std::size_t{5'000'000}}) {
        std::optional<PageReply> got;
        std::thread asks([&] { got = request_page(channel.front.get(), Page::MetricsGzip); });
        Question question;
        pollfd waiting{channel.publisher.get(), POLLIN, 0};
        while (question.kind == Question::Kind::None && poll(&waiting, 1, bound_ms) > 0)
            question = receive_question(channel.publisher.get());
        const std::string body(bytes, 'x');
        const bool sent = send_page(channel.publisher.get(), reply_of(body), bound_s);
        asks.join();
        CHECK(question.kind == Question::Kind::ForPage);
        CHECK(question.page == Page::MetricsGzip);
        CHECK(sent);
        REQUIRE(got);
        CHECK(got->status == 200);
        CHECK(got->gzip);
        CHECK(*got->body == body);
    }
}

TEST_CASE("page channel: only the bytes of pages are requests") {
    Channel channel;
    CHECK(receive_question(channel.publisher.get()).kind == Question::Kind::None);
    int pages = 0;
    for (int value = 0; value < 256; ++value) {
        const char byte = static_cast<char>(value);
        REQUIRE(send(channel.front.get(), &byte, 1, 0) == 1);
        const Question question = receive_question(channel.publisher.get());
        CHECK((question.kind == Question::Kind::ForPage) == page_of(byte).has_value());
        pages += question.kind == Question::Kind::ForPage ? 1 : 0;
    }
    CHECK(pages == 3);
    channel.front = Fd();
    CHECK(receive_question(channel.publisher.get()).kind == Question::Kind::Invalid);
}

TEST_CASE("page channel: neither end waits for an end that breaks the protocol") {
    Channel channel;
    const std::string more_than_the_buffer(16U << 20U, 'x');
    CHECK_FALSE(send_page(channel.publisher.get(), reply_of(more_than_the_buffer), at_once));
    Channel other;
    const std::array<std::uint32_t, 3> too_long{200, 0xffffffff, 0};
    REQUIRE(send(other.publisher.get(), too_long.data(), sizeof(too_long), 0) == sizeof(too_long));
    CHECK_FALSE(request_page(other.front.get(), Page::Metrics));
    other.publisher = Fd();
    CHECK_FALSE(request_page(other.front.get(), Page::Metrics));
}

TEST_CASE("publisher: a front that requests an unknown page is killed") {
    auto front = Sandbox::start("a test", SandboxWork::ServeConnections, {}, [](int channel) {
        [[maybe_unused]] const ssize_t sent = send(channel, "x", 1, MSG_NOSIGNAL);
        while (true)
            poll(nullptr, 0, -1);
    });
    REQUIRE(front);
    EventCounters counters(10);
    PublisherConfig config;
    config.front = &*front;
    auto publisher = Publisher::start(config, counters);
    REQUIRE(publisher);
    pollfd ended{front->end_fd(), POLLIN, 0};
    REQUIRE(poll(&ended, 1, bound_ms) > 0);
    CHECK(front->fate() == "was ended by signal 9");
}
