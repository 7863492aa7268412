// top in a real terminal, on real closes: the content of the screen, the effect of keys, and the
// state afterwards.
#include <algorithm>
#include <csignal>
#include <iterator>
#include <sstream>

#include "catch2.h"
#include "nginx.h"
#include "reader.h"
#include "terminal.h"
#include "tracer.h"
#include "worker.h"

using namespace live;

namespace {

bool can_run() {
    return can_trace() && has_terminal();
}

std::string top_of(const TestNamespace& ns, const std::string& more = {}) {
    return twtrace_binary() + " top -i 0.2 --netns " + ns.path() + " " + more;
}

/// Makes this number of closes by one process; returns its pid.
int close_some(const TestNamespace& ns, std::size_t times,
               const std::string& kind = "shutdown_then_peer_closes") {
    const auto expected = run_jobs(
        ns, std::vector<Job>(times, Job{&closing_kind(kind), Family::V4, live::Role::Client}));
    const auto entry = std::find_if(expected.begin(), expected.end(), [](const Expected& one) {
        return one.outcome.type == "time_wait";
    });
    check(entry != expected.end(), "no entry into TIME_WAIT was made");
    return entry->task.pid;
}

/// Number of the table's line that begins with this pid, or -1.
int row_of(const Terminal& terminal, int pid) {
    const auto lines = terminal.lines();
    const std::string number = std::to_string(pid);
    for (std::size_t at = 0; at < lines.size(); ++at) {
        const std::size_t start = lines[at].find_first_not_of(' ');
        if (start != std::string::npos &&
            lines[at].compare(start, number.size() + 1, number + " ") == 0) {
            return static_cast<int>(at);
        }
    }
    return -1;
}

void await_row(const Terminal& terminal, int pid) {
    const bool there = wait_until([&] { return row_of(terminal, pid) >= 0; }, Milliseconds(20000));
    check(there, "no line of pid " + std::to_string(pid) + " on:\n" + terminal.screen());
}

bool has_word(const std::string& text, const std::string& word) {
    std::istringstream words(text);
    return std::find(std::istream_iterator<std::string>(words), {}, word) !=
           std::istream_iterator<std::string>();
}

/// Checks that the shell's terminal is restored: its content and its modes.
void require_restored(const Terminal& terminal) {
    terminal.await("before top");
    terminal.await_gone("q quit");
    const std::string modes = terminal.modes();
    INFO(modes);
    CHECK(has_word(modes, "icanon"));
    CHECK(has_word(modes, "echo"));
    CHECK(has_word(modes, "isig"));
    CHECK(has_word(modes, "onlcr"));
}

} // namespace

TEST_CASE("top: names the closers, most closes first, with the kernel's number of sockets",
          "[top]") {
    if (!can_run()) {
        return;
    }
    const TestNamespace ns;
    const Terminal terminal(100, 30);
    terminal.enter("echo before top");
    terminal.enter(top_of(ns));
    terminal.await("no connection has entered TIME_WAIT yet");
    const int few = close_some(ns, 7);
    const int many = close_some(ns, 23);
    await_row(terminal, few);
    await_row(terminal, many);
    terminal.await("TIME_WAIT now  30 of");
    terminal.press("s"); // by present TIME_WAIT sockets
    terminal.await("sort TIME_WAIT now");
    const int first = row_of(terminal, many);
    const int second = row_of(terminal, few);
    INFO(terminal.screen());
    REQUIRE(first >= 0);
    CHECK(first < second);
    CHECK(has_word(terminal.lines()[static_cast<std::size_t>(first)], "23"));
    CHECK(has_word(terminal.lines()[static_cast<std::size_t>(first)], "client"));
    CHECK(has_word(terminal.lines()[static_cast<std::size_t>(second)], "7"));
    terminal.press("q");
    require_restored(terminal);
}

TEST_CASE("top: help, one group's page, a filter, groupings and a pause by keys", "[top]") {
    if (!can_run()) {
        return;
    }
    const TestNamespace ns;
    const Terminal terminal(100, 40);
    terminal.enter(top_of(ns));
    terminal.await("no connection has entered");
    const int one = close_some(ns, 12);
    const int other = close_some(ns, 3);
    await_row(terminal, other);
    terminal.press("h");
    terminal.await("What to change");
    terminal.press("Escape");
    terminal.await_gone("What to change");
    terminal.press("s");
    terminal.await("sort TIME_WAIT now");
    terminal.press("Enter");
    terminal.await("12 in the last minute, 12 TIME_WAIT now (estimated)");
    terminal.await("(" + std::to_string(one) + ") client");
    terminal.await("shutdown() 100.0 %");
    terminal.press("BSpace");
    terminal.await("RATE/s");
    terminal.press("Down");
    terminal.press("Enter");
    terminal.await("(" + std::to_string(other) + ") client");
    terminal.press("q");
    await_row(terminal, one);
    terminal.type("f" + std::to_string(other));
    terminal.press("Enter");
    terminal.await("filter: " + std::to_string(other));
    const bool alone = wait_until([&] { return row_of(terminal, one) < 0; }, Milliseconds(20000));
    CHECK(alone);
    CHECK(row_of(terminal, other) >= 0);
    terminal.press("Escape");
    await_row(terminal, one);
    terminal.type("gg");
    terminal.await("by container");
    terminal.await("(none)");
    terminal.type("GG");
    terminal.await("by process");
    terminal.press("p");
    terminal.await("PAUSED");
    const int late = close_some(ns, 5);
    terminal.press("p");
    terminal.await_gone("PAUSED");
    await_row(terminal, late); // counting continued
}

TEST_CASE("top: the terminal is resized to narrow, small and wide sizes", "[top]") {
    if (!can_run()) {
        return;
    }
    const TestNamespace ns;
    const Terminal terminal(120, 30);
    terminal.enter(top_of(ns));
    terminal.await("no connection has entered");
    const int pid = close_some(ns, 12);
    await_row(terminal, pid);
    for (const auto& [columns, rows] :
         {std::pair{80, 24}, {40, 10}, {20, 4}, {8, 2}, {200, 50}, {80, 24}}) {
        terminal.resize(columns, rows);
        const auto fits = [&, width = static_cast<std::size_t>(columns)] {
            // The last line shows the keys on every size that has one.
            const auto lines = terminal.lines();
            return !lines.empty() &&
                   lines.back().starts_with(std::string("q quit").substr(0, width - 1));
        };
        INFO(columns << " x " << rows);
        const bool drawn = wait_until(fits, Milliseconds(20000));
        INFO(terminal.screen());
        REQUIRE(drawn);
    }
    await_row(terminal, pid);
    CHECK(terminal.pid_of("twtrace") > 0);
}

TEST_CASE("top: restores the terminal however it ends", "[top]") {
    if (!can_run()) {
        return;
    }
    const TestNamespace ns;
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGSEGV, SIGABRT, SIGQUIT}) {
        DYNAMIC_SECTION("signal " << number) {
            const Terminal terminal(80, 24);
            terminal.enter("ulimit -c 0; echo before top");
            terminal.enter(top_of(ns));
            terminal.await("q quit");
            const int pid = terminal.pid_of("twtrace");
            REQUIRE(pid > 0);
            kill(pid, number);
            require_restored(terminal);
            CHECK(terminal.pid_of("twtrace") == 0);
        }
    }
}

TEST_CASE("top: Ctrl-Z restores the terminal, and fg redraws the screen, also after SIGSTOP",
          "[top]") {
    if (!can_run()) {
        return;
    }
    const TestNamespace ns;
    const Terminal terminal(80, 24);
    terminal.enter("echo before top");
    terminal.enter(top_of(ns));
    terminal.await("q quit");
    const int pid = terminal.pid_of("twtrace");
    terminal.press("C-z");
    require_restored(terminal);
    terminal.enter("fg");
    terminal.await("q quit");
    const int closer = close_some(ns, 4);
    await_row(terminal, closer);
    kill(pid, SIGSTOP);
    terminal.await("Stopped"); // SIGSTOP can't be handled, so the terminal is not restored
    terminal.enter("fg");
    await_row(terminal, closer);
    terminal.press("q");
    require_restored(terminal);
}

TEST_CASE("top: with NO_COLOR there are attributes but no colours", "[top]") {
    if (!can_run()) {
        return;
    }
    const TestNamespace ns;
    const auto has_colour = [](const std::string& text) {
        for (std::size_t at = text.find("\x1b["); at != std::string::npos;
             at = text.find("\x1b[", at + 1)) {
            const std::string sequence =
                ";" + text.substr(at + 2, text.find('m', at) - at - 2) + ";";
            for (const char* colour : {";31;", ";32;", ";33;", ";39;", ";49;"}) {
                if (sequence.find(colour) != std::string::npos && colour[1] == '3' &&
                    colour[2] != '9') {
                    return true;
                }
            }
        }
        return false;
    };
    const Terminal colourful(80, 24, {"TERM=screen-256color"});
    colourful.enter(top_of(ns));
    colourful.await("OK: ");
    CHECK(has_colour(colourful.screen(true)));
    const Terminal plain(80, 24, {"TERM=screen-256color", "NO_COLOR=1"});
    plain.enter(top_of(ns));
    plain.await("OK: ");
    CHECK_FALSE(has_colour(plain.screen(true)));
}

TEST_CASE("top: escape sequences in a name do not affect the screen", "[top]") {
    if (!can_run()) {
        return;
    }
    const TestNamespace ns;
    const Terminal terminal(100, 24);
    terminal.enter(top_of(ns));
    terminal.await("no connection has entered");
    const int pid = close_some(ns, 2, "close_with_hostile_name");
    await_row(terminal, pid);
    terminal.await("{??[1m");
    CHECK(terminal.lines().front().starts_with("twtrace top"));
}

TEST_CASE("top: without UTF-8 the screen is ASCII only", "[top]") {
    if (!can_run()) {
        return;
    }
    const TestNamespace ns;
    const Terminal terminal(120, 24, {"LC_ALL=C"});
    terminal.enter(top_of(ns));
    terminal.await("no connection has entered");
    await_row(terminal, close_some(ns, 9));
    const std::string screen = terminal.screen();
    INFO(screen);
    CHECK(std::all_of(screen.begin(), screen.end(),
                      [](char byte) { return static_cast<unsigned char>(byte) < 0x80; }));
    CHECK(screen.find('#') != std::string::npos); // the sparkline
}

TEST_CASE("top: -n ends it after the last screen; top is the default command on a terminal",
          "[top]") {
    if (!can_run()) {
        return;
    }
    const TestNamespace ns;
    const Terminal terminal(100, 24);
    terminal.enter("echo before top");
    terminal.enter(top_of(ns, "-n 3") + "; echo status $?");
    terminal.await("status 0");
    terminal.await("no connection has entered TIME_WAIT yet");
    require_restored(terminal);
    terminal.enter("clear; " + twtrace_binary() + " --netns " + ns.path());
    terminal.await("q quit  h help");
}

TEST_CASE("top: without a terminal, one line names the command to use instead", "[top]") {
    const CommandResult piped = run_command({twtrace_binary(), "top"});
    CHECK(piped.exit_status == 1);
    CHECK(piped.out.empty());
    CHECK(lines_of(piped.err).size() == 1);
    CHECK(piped.err.find("twtrace summary") != std::string::npos);
    if (!has_terminal()) {
        return;
    }
    for (const char* term : {"dumb", "no-such-terminal"}) {
        const Terminal terminal(100, 24);
        terminal.enter("TERM=" + std::string(term) + " " + twtrace_binary() +
                       " top; echo status $?");
        terminal.await("status 1");
        const std::string screen = terminal.screen();
        INFO(screen);
        CHECK(screen.find("twtrace summary -d 10") != std::string::npos);
    }
}

TEST_CASE("top: a real proxy is named, with its remedy", "[top]") {
    if (!can_run()) {
        return;
    }
    if (nginx_binary().empty()) {
        WARN("SKIP: no /usr/sbin/nginx here");
        return;
    }
    const TestNamespace ns;
    const Nginx back(ns, "server { listen 127.0.0.1:8001; location / { return 200 ok; } }", 8001);
    const Nginx front(ns,
                      "server { listen 127.0.0.1:8000; location / { proxy_pass "
                      "http://127.0.0.1:8001; proxy_http_version 1.1; proxy_set_header Connection "
                      "\"\"; } }",
                      8000);
    const Terminal terminal(140, 30);
    terminal.enter(top_of(ns));
    terminal.await("no connection has entered");
    http_load(ns, 8000, 200, true);
    await_row(terminal, front.worker_pid());
    terminal.await("nginx (" + std::to_string(front.worker_pid()) +
                   ") closes its own connections to 127.0.0.1:8001");
    terminal.await("towards 127.0.0.1:8001, by nginx");
}

TEST_CASE("top: the rates of one screen agree", "[top]") {
    if (!can_run()) {
        return;
    }
    const TestNamespace ns;
    const Reader reader(ns);
    const Terminal terminal(120, 30);
    terminal.enter(top_of(ns));
    terminal.await("no connection has entered");
    close_some(ns, 1); // another process
    Command burst({"bash", "-c", "while :; do " + Reader::closes(100) + "; done"}, ns.path());
    await_row(terminal, burst.pid());
    terminal.press("p");
    terminal.await("PAUSED");
    burst.signal(SIGKILL);
    const std::vector<std::string> lines = terminal.lines();
    INFO(terminal.screen());
    const auto word_before = [&](const std::string& mark) {
        for (const std::string& line : lines) {
            const std::size_t at = line.find(mark);
            if (at != std::string::npos) {
                const std::size_t begin = line.rfind(' ', at - 1) + 1;
                return line.substr(begin, at - begin);
            }
        }
        return std::string("none");
    };
    const std::string in = word_before(" in, ");
    CHECK(std::stod(in) > 0);
    CHECK(word_before(" entries/s, ports") == in);
    terminal.press("q");
}
