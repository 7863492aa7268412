#include "terminal.h"

#include <filesystem>
#include <sstream>

#include "catch2.h"
#include "errors.h"

namespace live {

namespace {

constexpr Milliseconds patience{20000};

} // namespace

bool has_terminal() {
    if (std::filesystem::exists("/usr/bin/tmux")) {
        return true;
    }
    WARN("SKIP: no tmux here; tools/setup test installs it");
    return false;
}

// -D: in the foreground, so that it dies with this process and ends its terminal.
Terminal::Terminal(int columns, int rows, const std::vector<std::string>& environment)
    : server_({"env", "-u", "NO_COLOR", "LC_ALL=C.UTF-8", "tmux", "-D", "-S", dir_.file("socket"),
               "-f", "/dev/null"}) {
    live::await(
        "tmux's socket", [&] { return std::filesystem::exists(dir_.file("socket")); }, patience);
    std::vector<std::string> arguments{"new-session",           "-d", "-x",
                                       std::to_string(columns), "-y", std::to_string(rows)};
    std::string command = "exec env";
    for (const std::string& variable : environment) {
        command += " " + variable;
    }
    command += " PS1='ready> ' bash --norc --noprofile -i";
    arguments.push_back(command);
    tmux(arguments);
    shell_pid_ = std::stoi(tmux({"display-message", "-p", "#{pane_pid}"}));
    await("ready>");
}

std::string Terminal::tmux(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"tmux", "-S", dir_.file("socket")});
    const CommandResult result = run_command(arguments);
    check(result.exit_status == 0, "tmux " + arguments[3] + ": " + result.err);
    return result.out;
}

void Terminal::type(const std::string& text) const {
    tmux({"send-keys", "-l", text});
}

void Terminal::enter(const std::string& line) const {
    type(line);
    press("Enter");
}

void Terminal::press(const std::string& key) const {
    tmux({"send-keys", key});
}

void Terminal::resize(int columns, int rows) const {
    tmux({"resize-window", "-x", std::to_string(columns), "-y", std::to_string(rows)});
}

std::string Terminal::screen(bool with_attributes) const {
    return with_attributes ? tmux({"capture-pane", "-p", "-e"}) : tmux({"capture-pane", "-p"});
}

void Terminal::await(const std::string& text) const {
    const bool came =
        wait_until([&] { return screen().find(text) != std::string::npos; }, patience);
    check(came, "waited in vain for '" + text + "' on:\n" + screen());
}

void Terminal::await_gone(const std::string& text) const {
    const bool went =
        wait_until([&] { return screen().find(text) == std::string::npos; }, patience);
    check(went, "'" + text + "' did not go from:\n" + screen());
}

int Terminal::pid_of(const std::string& name) const {
    const std::string shell = std::to_string(shell_pid_);
    std::istringstream children(read_file("/proc/" + shell + "/task/" + shell + "/children"));
    for (int pid = 0; children >> pid;) {
        if (read_file("/proc/" + std::to_string(pid) + "/comm") == name + "\n") {
            return pid;
        }
    }
    return 0;
}

std::string Terminal::modes() const {
    // The answer has a number that the typed line does not contain, so that the typed line is not
    // mistaken for the answer.
    const std::string mark = "asked-" + std::to_string(++asked_);
    enter("stty -a; echo $((1000 + " + std::to_string(asked_) + "))-" + mark);
    await(std::to_string(1000 + asked_) + "-" + mark);
    return screen();
}

} // namespace live
