#include "command.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "errors.h"
#include "fd.h"
#include "forked.h"

namespace live {

namespace {

void open_as(int target, const std::string& file) {
    const int fd = check_call(open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644), file);
    check_call(dup2(fd, target), "dup2");
    close(fd);
}

[[noreturn]] void exec_child(const std::vector<std::string>& argv, const std::string& netns,
                             const TempDir& dir) {
    try {
        die_with_parent();
        if (!netns.empty()) {
            const Fd fd(check_call(open(netns.c_str(), O_RDONLY | O_CLOEXEC), netns));
            check_call(setns(fd.get(), CLONE_NEWNET), "setns");
        }
        open_as(STDOUT_FILENO, dir.file("out"));
        open_as(STDERR_FILENO, dir.file("err"));
        std::vector<std::string> copy = argv;
        std::vector<char*> pointers;
        pointers.reserve(copy.size() + 1);
        for (std::string& arg : copy) {
            pointers.push_back(arg.data());
        }
        pointers.push_back(nullptr);
        execvp(pointers[0], pointers.data());
        check_call(-1, argv[0]);
    } catch (const std::exception& error) {
        write_all(STDERR_FILENO, std::string("the test could not start it: ") + error.what());
    }
    _exit(127);
}

} // namespace

TempDir::TempDir() {
    std::string pattern = (std::filesystem::temp_directory_path() / "twtrace-live-XXXXXX").string();
    check(mkdtemp(pattern.data()) != nullptr, "mkdtemp");
    path_ = pattern;
    // nginx's workers and the user nobody need access.
    check_call(chmod(path_.c_str(), 0755), "chmod");
}

TempDir::~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

Command::Command(const std::vector<std::string>& argv, const std::string& netns) {
    pid_ = check_call(fork(), "fork");
    if (pid_ == 0) {
        exec_child(argv, netns, dir_);
    }
}

Command::~Command() {
    if (running()) {
        kill_and_reap(pid_, SIGKILL);
    }
}

bool Command::running() {
    if (wait_status_) {
        return false;
    }
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) == pid_) {
        wait_status_ = status;
    }
    return !wait_status_;
}

std::string Command::out() const {
    return read_whole_lines(dir_.file("out"));
}
std::string Command::err() const {
    return read_file(dir_.file("err"));
}

void Command::signal(int number) const {
    check_call(kill(pid_, number), "kill");
}

CommandResult Command::wait(Milliseconds bound) {
    const bool ended = wait_until([&] { return !running(); }, bound);
    check(ended, "still running; stderr: " + err());
    const int status = *wait_status_;
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
            read_file(dir_.file("out")), err()};
}

CommandResult run_command(const std::vector<std::string>& argv, const std::string& netns,
                          Milliseconds bound) {
    return Command(argv, netns).wait(bound);
}

std::string read_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

long memory_kib(pid_t pid, const std::string& field) {
    const std::string status = read_file("/proc/" + std::to_string(pid) + "/status");
    const auto at = status.find(field + ":");
    check(at != std::string::npos, field + " of a process that has ended");
    return std::stol(status.substr(at + field.size() + 1));
}

std::string read_whole_lines(const std::string& path) {
    std::string text = read_file(path);
    text.resize(text.rfind('\n') + 1);
    return text;
}

void write_file(const std::string& path, const std::string& text) {
    std::ofstream out(path, std::ios::binary);
    out << text;
    check(out.good(), "cannot write " + path);
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
        lines.push_back(line);
    }
    return lines;
}

} // namespace live
