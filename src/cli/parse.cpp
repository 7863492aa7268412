#include "cli/options.h"

#include <algorithm>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/option_table.h"
#include "util/text.h"
#include "util/version.h"

namespace twtrace {

namespace {

// Options may precede or follow the command. All options are accepted before it; whether the
// command takes them is checked afterwards.
struct Given {
    const OptionRow* row;
    CLI::Option* option;
};

bool accepts(const CommandRow& command, const OptionRow& row) {
    return (row.commands & 1U << static_cast<unsigned>(command.command)) != 0;
}

const CommandRow& row_of(Command command) {
    return *std::find_if(command_table().begin(), command_table().end(),
                         [command](const CommandRow& row) { return row.command == command; });
}

// Commands may have an option of the same name with another meaning: -o of `record`.
bool is_second(const OptionRow& row) {
    const auto first =
        std::find_if(option_table().begin(), option_table().end(),
                     [&](const OptionRow& other) { return other.names == row.names; });
    return &*first != &row;
}

const OptionRow& row_for(const CommandRow& command, const OptionRow& given) {
    for (const OptionRow& row : option_table())
        if (row.names == given.names && accepts(command, row))
            return row;
    return given;
}

std::vector<Given> add_options(CLI::App& app, const CommandRow* command) {
    std::vector<Given> given;
    app.set_version_flag("--version", version_text());
    for (const OptionRow& row : option_table()) {
        if (command != nullptr ? !accepts(*command, row) : is_second(row))
            continue;
        const std::string names(row.names);
        const std::string help(row.help);
        CLI::Option* option = row.metavar.empty()
                                  ? app.add_flag(names, help)->disable_flag_override()
                                  : app.add_option(names, help);
        if (!row.metavar.empty())
            option->type_name(std::string(row.metavar))
                ->expected(1)
                ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
        given.push_back({&row, option});
    }
    return given;
}

Result<void> apply(const std::vector<Given>& given, Options& options) {
    for (const auto& [row, option] : given) {
        if (option->count() == 0)
            continue;
        const CommandRow& command = row_of(options.command);
        const OptionRow& accepted = row_for(command, *row);
        if (!accepts(command, accepted))
            return fail(fmt::format("{}: {} does not take it; see twtrace {} --help",
                                    option->get_name(), command.name, command.name),
                        ExitCode::Usage);
        // The words as given: as<>() would read "{}" as an empty list.
        const auto values = row->metavar.empty() ? std::vector<std::string>{""} : option->results();
        for (const std::string& value : values)
            if (auto applied = accepted.apply(options, value); !applied)
                return in_context(option->get_name(), applied.error());
    }
    return {};
}

constexpr std::string_view child_help =
    "With `-- COMMAND [ARG]...` after the options, twtrace runs the command, observes only "
    "closes of the\n"
    "command and its descendants, prints its output to standard error, and exits with the status "
    "of\n"
    "the command.";

bool takes_child(Command command) {
    return (in_child & 1U << static_cast<unsigned>(command)) != 0;
}

// Splits off "--" and what follows it; none if there is no "--".
Result<void> take_child(const std::vector<std::string>& words, Options& options) {
    if (words.empty())
        return {};
    const std::string_view name = row_of(options.command).name;
    if (!takes_child(options.command))
        return fail(
            fmt::format(
                "{} runs no command: `--` is for trace, summary, doctor, record and what-if", name),
            ExitCode::Usage);
    if (words.size() == 1 || words[1].empty())
        return fail("nothing to run after `--`; see twtrace summary --help", ExitCode::Usage);
    if (!options.from.empty())
        return fail("--from reads a recording, so nothing is run: omit `--` and the command",
                    ExitCode::Usage);
    if (options.duration.count() > 0 || options.count > 0)
        return fail(fmt::format("-d and -n cannot be used with `-- COMMAND`: {} ends with the "
                                "command; `-- timeout 10 COMMAND` limits its time",
                                name),
                    ExitCode::Usage);
    options.child.assign(words.begin() + 1, words.end());
    options.filter.only_child = true;
    return {};
}

Result<ParsedCommandLine> refused(const CLI::App& app, const CLI::ParseError& error) {
    ParsedCommandLine parsed;
    if (error.get_name() == "CallForHelp" || error.get_name() == "CallForAllHelp") {
        const auto chosen = app.get_subcommands();
        parsed.print_and_exit = chosen.empty() ? app.help() : chosen.front()->help();
        return parsed;
    }
    if (error.get_name() == "CallForVersion") {
        parsed.print_and_exit = version_text() + "\n";
        return parsed;
    }
    return fail(fmt::format("{}; see twtrace --help", printable(error.what())), ExitCode::Usage);
}

} // namespace

Result<ParsedCommandLine> parse_command_line(int argc, const char* const* argv,
                                             bool stdout_is_terminal) {
    CLI::App app("Shows which service closes its TCP connections into TIME_WAIT, towards which "
                 "peers, and whether this does harm.",
                 "twtrace");
    app.require_subcommand(0, 1);
    ParsedCommandLine parsed;
    const int own = static_cast<int>(std::find(argv, argv + argc, std::string_view("--")) - argv);
    // A command follows `--`, and standard output belongs to it.
    parsed.options.command = stdout_is_terminal && own == argc ? Command::Top : Command::Trace;
    // In command-line order: an option after the command overrides one before it.
    std::vector<std::vector<Given>> given{add_options(app, nullptr)};
    for (const CommandRow& row : command_table()) {
        CLI::App* command = app.add_subcommand(std::string(row.name), std::string(row.help));
        given.push_back(add_options(*command, &row));
        command->callback([&parsed, &row] { parsed.options.command = row.command; });
        if (row.command == Command::Diff)
            command->add_option("SPAN", parsed.options.spans, "FILE[@BEGIN..END], two of them")
                ->expected(2);
    }
    for (const CommandRow& row : command_table())
        if (takes_child(row.command))
            app.get_subcommand(std::string(row.name))->footer(std::string(child_help));
    try {
        app.parse(own, argv);
    } catch (const CLI::ParseError& error) {
        return refused(app, error);
    }
    for (const auto& options : given)
        if (auto applied = apply(options, parsed.options); !applied)
            return tl::unexpected(applied.error());
    if (auto taken = take_child({argv + own, argv + argc}, parsed.options); !taken)
        return tl::unexpected(taken.error());
    if (parsed.options.resolve && !parsed.options.from.empty())
        return fail(
            "--resolve finds the present names of addresses, so it cannot be used with --from",
            ExitCode::Usage);
    return parsed;
}

} // namespace twtrace
