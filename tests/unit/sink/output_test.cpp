#include "catch2.h"

#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <string>
#include <thread>
#include <unistd.h>

#include "sink/output.h"
#include "util/fd.h"
#include "util/stop_signals.h"

using namespace twtrace;

namespace {

struct Pipe {
    Pipe() {
        int ends[2] = {-1, -1};
        REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
        reader = Fd(ends[0]);
        writer = Fd(ends[1]);
        std::signal(SIGPIPE, SIG_IGN);
    }
    Fd reader;
    Fd writer;
};

std::string read_all(const Fd& fd, std::chrono::microseconds pause = {}) {
    std::string text;
    char chunk[1000];
    for (ssize_t got; (got = read(fd.get(), chunk, sizeof(chunk))) > 0;) {
        text.append(chunk, static_cast<std::size_t>(got));
        std::this_thread::sleep_for(pause);
    }
    return text;
}

// Distinct lines, so that lost or repeated parts are detected.
std::string many_lines(std::size_t bytes) {
    std::string text;
    for (std::size_t line = 0; text.size() < bytes; ++line)
        text += std::to_string(line) + '\n';
    return text;
}

} // namespace

TEST_CASE("output: flush writes what was appended and empties the buffer") {
    Pipe pipe;
    Output output(pipe.writer.get());
    output.buffer() += "one\n";
    output.buffer() += "two\n";
    REQUIRE(output.flush());
    CHECK(output.buffer().empty());
    REQUIRE(output.flush()); // nothing is written twice
    pipe.writer = Fd();
    CHECK(read_all(pipe.reader) == "one\ntwo\n");
    CHECK_FALSE(output.reader_gone());
}

TEST_CASE("output: flush_if_large keeps little text and writes much") {
    Pipe pipe;
    Output output(pipe.writer.get());
    output.buffer() += "little";
    REQUIRE(output.flush_if_large());
    CHECK(output.buffer() == "little");
    const std::string much = many_lines(1 << 20);
    output.buffer() = much;
    std::string got;
    std::thread reader([&] { got = read_all(pipe.reader); });
    REQUIRE(output.flush_if_large());
    pipe.writer = Fd();
    reader.join();
    CHECK(output.buffer().empty());
    CHECK((got == much));
}

TEST_CASE("output: a pipe that takes a part at a time gets everything once and in order") {
    for (const bool blocking : {true, false}) {
        Pipe pipe;
        if (!blocking)
            REQUIRE(fcntl(pipe.writer.get(), F_SETFL, O_NONBLOCK) == 0);
        const std::string text = many_lines(300'000); // several times the capacity of a pipe
        std::string got;
        std::thread reader([&] { got = read_all(pipe.reader, std::chrono::microseconds(100)); });
        Output output(pipe.writer.get());
        output.buffer() = text;
        const auto flushed = output.flush();
        pipe.writer = Fd();
        reader.join();
        CHECK(flushed);
        CHECK((got == text));
        CHECK_FALSE(output.reader_gone());
    }
}

TEST_CASE("output: a reader that has ended is not an error, and nothing more is written") {
    Pipe pipe;
    pipe.reader = Fd();
    Output output(pipe.writer.get());
    output.buffer() = "text\n";
    REQUIRE(output.flush());
    CHECK(output.reader_gone());
    CHECK(output.buffer().empty());
    output.buffer() = "more\n";
    REQUIRE(output.flush());
    CHECK(output.buffer().empty());
}

TEST_CASE("output: a reader that closes in the middle is not an error") {
    Pipe pipe;
    Output output(pipe.writer.get());
    output.buffer() = many_lines(1 << 20);
    std::thread reader([&] {
        char chunk[1000];
        CHECK(read(pipe.reader.get(), chunk, sizeof(chunk)) > 0);
        pipe.reader = Fd();
    });
    const auto flushed = output.flush();
    reader.join();
    CHECK(flushed);
    CHECK(output.reader_gone());
}

TEST_CASE("output: a reader that reads nothing does not prevent the end") {
    for (const bool blocking : {true, false}) {
        Pipe pipe;
        if (!blocking)
            REQUIRE(fcntl(pipe.writer.get(), F_SETFL, O_NONBLOCK) == 0);
        const sigset_t stop = stop_signals();
        REQUIRE(pthread_sigmask(SIG_BLOCK, &stop, nullptr) == 0);
        CHECK_FALSE(stop_is_pending());
        REQUIRE(kill(getpid(), SIGTERM) == 0);
        CHECK(stop_is_pending());
        Output output(pipe.writer.get());
        output.buffer() = many_lines(1 << 20);
        CHECK(output.flush()); // does not hang
        CHECK(output.reader_gone());
        CHECK(output.buffer().empty());
        take_pending_stop();
        CHECK_FALSE(stop_is_pending());
        REQUIRE(pthread_sigmask(SIG_UNBLOCK, &stop, nullptr) == 0);
    }
}

TEST_CASE("output: a slow reader gets everything, with and without a signal") {
    Pipe pipe;
    const sigset_t stop = stop_signals();
    REQUIRE(pthread_sigmask(SIG_BLOCK, &stop, nullptr) == 0);
    const std::string text = many_lines(200'000);
    std::string got;
    std::thread reader([&] { got = read_all(pipe.reader, std::chrono::milliseconds(1)); });
    REQUIRE(kill(getpid(), SIGINT) == 0);
    Output output(pipe.writer.get());
    output.buffer() = text;
    CHECK(output.flush());
    CHECK_FALSE(output.reader_gone());
    pipe.writer = Fd();
    reader.join();
    CHECK((got == text));
    take_pending_stop();
    REQUIRE(pthread_sigmask(SIG_UNBLOCK, &stop, nullptr) == 0);
}

TEST_CASE("output: a full disk is reported as such") {
    const Fd full(open("/dev/full", O_WRONLY | O_CLOEXEC));
    REQUIRE(full);
    Output output(full.get());
    output.buffer() = "text\n";
    const auto flushed = output.flush();
    REQUIRE_FALSE(flushed);
    CHECK(flushed.error().exit_code == ExitCode::Failure);
    CHECK(flushed.error().message.find("No space left on device") != std::string::npos);
    CHECK(flushed.error().message.find('\n') == std::string::npos);
    CHECK(output.buffer().empty());
    CHECK_FALSE(output.reader_gone());
}

TEST_CASE("output: a descriptor that is not open is an error") {
    Output output(-1);
    output.buffer() = "text\n";
    CHECK_FALSE(output.flush());
}
