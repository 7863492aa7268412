#include "catch2.h"

#include <chrono>
#include <string>
#include <vector>

#include "cli/option_table.h"
#include "cli/options.h"
#include "util/version.h"

using namespace twtrace;
using namespace std::chrono_literals;

namespace {

Result<ParsedCommandLine> parse(std::vector<const char*> arguments, bool terminal = false) {
    arguments.insert(arguments.begin(), "twtrace");
    return parse_command_line(static_cast<int>(arguments.size()), arguments.data(), terminal);
}

Options options_of(const std::vector<const char*>& arguments) {
    const auto parsed = parse(arguments);
    INFO((parsed ? "" : parsed.error().message));
    REQUIRE(parsed);
    REQUIRE_FALSE(parsed->print_and_exit);
    return parsed->options;
}

// The error message for wrong usage, in one line.
std::string refusal(const std::vector<const char*>& arguments) {
    const auto parsed = parse(arguments);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().exit_code == ExitCode::Usage);
    CHECK(parsed.error().message.find('\n') == std::string::npos);
    CHECK_FALSE(parsed.error().message.empty());
    return parsed.error().message;
}

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

std::string printed(const std::vector<const char*>& arguments) {
    const auto parsed = parse(arguments);
    REQUIRE(parsed);
    REQUIRE(parsed->print_and_exit);
    return *parsed->print_and_exit;
}

} // namespace

TEST_CASE("command line: without arguments it is trace, without filters or an end") {
    const Options options = options_of({});
    CHECK(options.command == Command::Trace);
    CHECK(options.format == Format::Table);
    CHECK_FALSE(options.wide);
    CHECK_FALSE(options.verbose);
    CHECK_FALSE(options.all);
    CHECK(options.filter.pids.empty());
    CHECK(options.filter.comm.empty());
    CHECK_FALSE(options.filter.local_ports.any);
    CHECK_FALSE(options.filter.remote_ports.any);
    CHECK(options.filter.family == 0);
    CHECK(options.filter.netns.empty());
    CHECK(options.group_by == GroupBy::Process);
    CHECK(options.duration == 0ms);
    CHECK(options.count == 0);
    CHECK(options.ring_bytes == 2U << 20);
}

TEST_CASE("command line: without a command it is top on a terminal, with the options of top") {
    const auto parsed = parse({"-i", "0.5", "-g", "service", "-n", "3"}, true);
    REQUIRE(parsed);
    CHECK(parsed->options.command == Command::Top);
    CHECK(parsed->options.interval == 500ms);
    CHECK(parsed->options.group_by == GroupBy::Service);
    CHECK(parsed->options.count == 3);
    CHECK(options_of({"top"}).interval == 0s); // has its own default
    const auto named = parse({"trace"}, true);
    REQUIRE(named);
    CHECK(named->options.command == Command::Trace);
    CHECK(contains(refusal({"top", "-o", "json"}), "-o"));
    CHECK(contains(refusal({"trace", "-i", "1"}), "-i"));
}

TEST_CASE("command line: every command by its name") {
    CHECK(options_of({"trace"}).command == Command::Trace);
    CHECK(options_of({"summary"}).command == Command::Summary);
}

TEST_CASE("command line: short, long, joined and with an equals sign") {
    CHECK(options_of({"trace", "-d", "3"}).duration == 3s);
    CHECK(options_of({"trace", "-d3"}).duration == 3s);
    CHECK(options_of({"trace", "--duration", "3"}).duration == 3s);
    CHECK(options_of({"trace", "--duration=3"}).duration == 3s);
    CHECK(options_of({"trace", "-wv", "-n", "5"}).count == 5);
    CHECK(options_of({"trace", "-wv", "-n", "5"}).wide);
    CHECK(options_of({"trace", "-wv", "-n", "5"}).verbose);
}

TEST_CASE("command line: options mean the same before and after the command") {
    for (const auto& arguments : std::vector<std::vector<const char*>>{
             {"-d", "3", "-o", "json", "summary", "-p", "12,34", "-c", "nginx"},
             {"summary", "-p", "12,34", "-c", "nginx", "-o", "json", "-d", "3"},
             {"-p", "12,34", "-c", "nginx", "-o", "json", "-d", "3", "summary"}}) {
        const Options options = options_of(arguments);
        CHECK(options.command == Command::Summary);
        CHECK(options.duration == 3s);
        CHECK(options.format == Format::Json);
        CHECK(options.filter.pids == std::vector<std::uint32_t>{12, 34});
        CHECK(options.filter.comm == "nginx");
    }
}

TEST_CASE("command line: the last of two values counts, regardless of its position") {
    CHECK(options_of({"trace", "-o", "json", "-o", "csv"}).format == Format::Csv);
    CHECK(options_of({"trace", "-d", "3", "-d", "4"}).duration == 4s);
    for (int round = 0; round < 20; ++round) { // the result must not vary
        CHECK(options_of({"-o", "json", "trace", "-o", "csv"}).format == Format::Csv);
        CHECK(options_of({"-o", "csv", "summary", "-o", "json"}).format == Format::Json);
    }
}

TEST_CASE("command line: lists that are given twice add up") {
    const Options options =
        options_of({"-p", "1", "trace", "-p", "2", "-p", "3,4", "-L", "80", "-L", "81", "-D", "90",
                    "-D", "91", "--netns", "5", "--netns", "6"});
    CHECK(options.filter.pids == std::vector<std::uint32_t>{1, 2, 3, 4});
    for (const std::uint16_t port : std::initializer_list<std::uint16_t>{80, 81})
        CHECK(options.filter.local_ports.contains(port));
    for (const std::uint16_t port : std::initializer_list<std::uint16_t>{90, 91})
        CHECK(options.filter.remote_ports.contains(port));
    CHECK_FALSE(options.filter.local_ports.contains(90));
    CHECK(options.filter.netns == std::vector<std::uint32_t>{5, 6});
}

TEST_CASE("command line: -4 and -6") {
    CHECK(options_of({"-4"}).filter.family == 4);
    CHECK(options_of({"trace", "-6"}).filter.family == 6);
    CHECK(options_of({"trace", "-4", "-4"}).filter.family == 4);
    CHECK(options_of({"trace", "-4", "-6"}).filter.family == 0);
    CHECK(options_of({"trace", "-6", "-4"}).filter.family == 0);
    CHECK(options_of({"-4", "trace", "-6"}).filter.family == 0);
}

TEST_CASE("command line: groupings and formats by name") {
    CHECK(options_of({"summary", "-g", "process"}).group_by == GroupBy::Process);
    CHECK(options_of({"summary", "-g", "service"}).group_by == GroupBy::Service);
    CHECK(options_of({"summary", "-g", "container"}).group_by == GroupBy::Container);
    CHECK(options_of({"summary", "-g", "peer"}).group_by == GroupBy::Peer);
    CHECK(options_of({"summary", "-g", "listener"}).group_by == GroupBy::Listener);
    CHECK(options_of({"summary", "-g", "netns"}).group_by == GroupBy::Netns);
    CHECK(options_of({"summary", "-o", "table"}).format == Format::Table);
    CHECK(contains(refusal({"summary", "-g", "color"}), "listener"));
    CHECK(contains(refusal({"summary", "-o", "xml"}), "table, json, csv"));
    CHECK(contains(refusal({"summary", "-o", "JSON"}), "'JSON'"));
}

TEST_CASE("command line: the option's name is in the error") {
    CHECK(contains(refusal({"trace", "-p", "x"}), "--pid"));
    CHECK(contains(refusal({"trace", "-d", "0"}), "--duration"));
    CHECK(contains(refusal({"trace", "-n", "0"}), "--count"));
    CHECK(contains(refusal({"trace", "--ring", "3M"}), "--ring"));
    CHECK(contains(refusal({"-L", "99999"}), "--local-port"));
}

TEST_CASE("command line: unknown options, commands and leftovers are refused, with the help page "
          "to read") {
    CHECK(contains(refusal({"--no-such-option"}), "--no-such-option"));
    CHECK(contains(refusal({"-Z"}), "-Z"));
    CHECK(contains(refusal({"trcae"}), "trcae"));
    CHECK(contains(refusal({"trace", "extra"}), "extra"));
    CHECK(contains(refusal({"trace", "--no-such-option"}), "--help"));
    refusal({"trace", "summary"});
}

TEST_CASE("command line: a missing value is refused") {
    CHECK(contains(refusal({"trace", "-d"}), "--duration"));
    CHECK(contains(refusal({"trace", "--pid"}), "--pid"));
    refusal({"-p"});
    refusal({"trace", "-p", "-d", "3"});
    refusal({"trace", "-d", "-5"});
}

TEST_CASE("command line: an empty value is a wrong value, not a missing option") {
    refusal({"trace", "-p", ""});
    refusal({"trace", "-p", "{}"}); // CLI11's notation for an empty list
    refusal({"trace", "-p", "[1,2]"});
    refusal({"trace", "--comm="});
    refusal({"trace", "-o", ""});
    CHECK(options_of({"trace", "-c", "[kworker]"}).filter.comm == "[kworker]");
    CHECK(options_of({"trace", "-c", "{}"}).filter.comm == "{}");
}

TEST_CASE("command line: a flag takes no value") {
    refusal({"trace", "--wide=false"});
    refusal({"trace", "--all=no"});
    refusal({"trace", "--ipv4=0"});
}

TEST_CASE("command line: an option that the command does not know is refused on either side") {
    refusal({"summary", "-n", "5"});
    refusal({"summary", "--all"});
    refusal({"trace", "-g", "peer"});
    CHECK(contains(refusal({"-n", "5", "summary"}), "--count"));
    CHECK(contains(refusal({"--all", "summary"}), "--all"));
    CHECK(contains(refusal({"-g", "peer", "trace"}), "--group"));
    CHECK(contains(refusal({"-g", "peer"}), "--group"));
}

TEST_CASE("command line: errors stay one harmless line with hostile arguments") {
    for (const char* hostile : {"--x\ny", "a\nb\x1b[2J", "-p\n1", "-d=\x1b"}) {
        const std::string message = refusal({"trace", hostile});
        CAPTURE(message);
        CHECK_FALSE(contains(message, "\x1b"));
    }
    CHECK_FALSE(contains(refusal({"trace", "-o", "a\nb\x1b[2J"}), "\x1b"));
}

TEST_CASE("command line: at most 1024 process ids, in however many lists") {
    std::string half = "1";
    for (int pid = 2; pid <= 512; ++pid)
        half += "," + std::to_string(pid);
    CHECK(options_of({"-p", half.c_str(), "-p", half.c_str()}).filter.pids.size() == 1024);
    CHECK(contains(refusal({"-p", half.c_str(), "-p", half.c_str(), "-p", "1"}), "1024"));
}

TEST_CASE("command line: at most 16 network namespaces") {
    std::vector<const char*> arguments{"trace"};
    for (int index = 0; index < 16; ++index)
        arguments.insert(arguments.end(), {"--netns", "7"});
    CHECK(options_of(arguments).filter.netns.size() == 16);
    arguments.insert(arguments.end(), {"--netns", "7"});
    CHECK(contains(refusal(arguments), "16"));
}

TEST_CASE("command line: --help names every command and every option") {
    for (const char* flag : {"-h", "--help"}) {
        const std::string help = printed({flag});
        for (const CommandRow& row : command_table())
            CHECK(contains(help, row.name));
        for (const OptionRow& row : option_table())
            CHECK(contains(help, row.names));
        CHECK(help.back() == '\n');
    }
}

TEST_CASE("command line: a command's --help has its own options") {
    const std::string trace = printed({"trace", "--help"});
    const std::string summary = printed({"summary", "-h"});
    CHECK(contains(trace, "--count"));
    CHECK_FALSE(contains(trace, "--group"));
    CHECK(contains(summary, "--group"));
    CHECK_FALSE(contains(summary, "--count"));
    CHECK(contains(trace, "--pid"));
    CHECK(contains(summary, "--pid"));
}

TEST_CASE("command line: --version, before and after the command") {
    CHECK(printed({"--version"}) == version_text() + "\n");
    CHECK(printed({"trace", "--version"}) == version_text() + "\n");
    CHECK(contains(version_text(), "twtrace 0."));
    CHECK(contains(version_text(), "(libbpf 1."));
    CHECK(contains(version_text(), ", Linux "));
}

TEST_CASE("command line: filters by name and address add up") {
    const Options options = options_of(
        {"--peer", "10.0.0.0/8", "summary", "--peer", "::1", "--local", "127.0.0.1", "--role",
         "client", "--unit", "nginx", "--unit", "php*", "--container", "0a", "--cgroup", "/a"});
    CHECK(options.filter.remote_cidrs.size() == 2);
    CHECK(options.filter.local_cidrs.size() == 1);
    CHECK(options.filter.role == Role::Client);
    CHECK(options.filter.units == std::vector<std::string>{"nginx", "php*"});
    CHECK(options.filter.containers == std::vector<std::string>{"0a"});
    CHECK(options.filter.cgroups == std::vector<std::string>{"/a"});
}

TEST_CASE("command line: only doctor takes --host") {
    CHECK(options_of({"doctor"}).command == Command::Doctor);
    CHECK_FALSE(options_of({"doctor"}).host);
    CHECK(options_of({"doctor", "--host"}).host);
    CHECK(options_of({"doctor", "--probe"}).host);
    CHECK(contains(refusal({"trace", "--host"}), "--host"));
}

// The completions get the values of an option from twtrace's error for an empty one, so an empty
// value must not start a trace.
TEST_CASE("cli: no option takes an empty value", "[cli]") {
    for (const OptionRow& row : option_table()) {
        if (row.metavar.empty()) {
            continue;
        }
        INFO(row.names);
        Options options;
        CHECK_FALSE(row.apply(options, ""));
    }
}

TEST_CASE("command line: after -- comes a command with its own options") {
    const Options options = options_of(
        {"summary", "-o", "json", "--output-file", "f", "--", "curl", "-o", "x", "--", "--help"});
    CHECK(options.child == std::vector<std::string>{"curl", "-o", "x", "--", "--help"});
    CHECK(options.output_file == "f");
    CHECK(options.format == Format::Json);
    CHECK(options.filter.only_child);
    CHECK(options.filter.is_partial());
    CHECK(options_of({"--", "true"}).command == Command::Trace);
    CHECK(options_of({"doctor", "--", "true"}).child.size() == 1);
    // Regardless of standard output, which belongs to the command.
    CHECK(parse({"--", "true"}, true)->options.command == Command::Trace);
}

TEST_CASE("command line: -- where it makes no sense") {
    CHECK(contains(refusal({"top", "--", "true"}), "runs no command"));
    CHECK(contains(refusal({"list", "--", "true"}), "runs no command"));
    CHECK(contains(refusal({"summary", "--"}), "nothing to run"));
    CHECK(contains(refusal({"summary", "-d", "1", "--", "true"}), "-d and -n cannot be used"));
    CHECK(contains(refusal({"trace", "-n", "1", "--", "true"}), "-d and -n cannot be used"));
    CHECK(contains(refusal({"summary", "--from", "f", "--", "true"}), "nothing is run"));
    CHECK(contains(refusal({"--output-file", "f", "top"}), "does not take it"));
}
