#include "attribute/program_name.h"

#include <algorithm>
#include <array>
#include <optional>

#include <unistd.h>

#include "attribute/proc_text.h"

namespace twtrace {

namespace {

using std::string_view;

constexpr std::size_t max_program_bytes = 256;
constexpr std::size_t max_arguments_bytes = 16'384; // a class path may precede java's main class
constexpr std::size_t max_stat_bytes = 4096;

/// How to find the script in an interpreter's command line.
struct Interpreter {
    string_view name;       ///< of the executable; a version may follow: python3.11
    string_view with_text;  ///< options after which the program text follows
    string_view with_value; ///< options that take the next argument
    string_view script;     ///< options whose next argument is the script; shown with it
};

// Options of one word, with blanks around them.
constexpr auto interpreters = std::to_array<Interpreter>({
    {"python", " -c ", " -W -X --check-hash-based-pycs ", " -m "},
    {"node", " -e --eval -p --print -pe ", " -r --require --import --loader -C --conditions ", ""},
    {"nodejs", " -e --eval -p --print -pe ", " -r --require --import --loader -C --conditions ",
     ""},
    {"java", "",
     " -cp -classpath --class-path -p --module-path --upgrade-module-path --add-modules "
     "--add-exports --add-opens --add-reads --limit-modules --patch-module ",
     " -jar -m --module "},
    {"perl", " -e -E ", " -I ", ""},
    {"ruby", " -e ", " -I -r -C ", ""},
    {"php", " -r -R -B -E ", " -d -c -z -S -t ", " -f "},
    {"lua", " -e ", " -l ", ""},
    {"bash", " -c ", " -o -O +o +O --rcfile --init-file ", ""},
    {"dash", " -c ", " -o +o ", ""},
    {"sh", " -c ", " -o +o ", ""},
    {"Rscript", " -e ", "", ""},
});

string_view last_part(string_view path) {
    return path.substr(path.rfind('/') + 1); // npos + 1 is 0
}

bool is_version(string_view text) {
    return text.find_first_not_of("0123456789.") == string_view::npos;
}

const Interpreter* interpreter_of(string_view file) {
    const auto* const found =
        std::find_if(interpreters.begin(), interpreters.end(), [&](const Interpreter& one) {
            return file.starts_with(one.name) && is_version(file.substr(one.name.size()));
        });
    return found == interpreters.end() ? nullptr : found;
}

bool contains(string_view options, string_view option) {
    std::string word(" ");
    word.append(option).append(" ");
    return options.find(word) != string_view::npos;
}

// "-lc" is -l and -c: shells, perl and python accept combined letters.
bool takes_program_text(const Interpreter& one, string_view option) {
    if (contains(one.with_text, option))
        return true;
    return option.size() > 2 && option[1] != '-' && !one.with_text.empty() && one.name != "java" &&
           one.name != "node" && one.name != "nodejs" &&
           contains(one.with_text, std::string("-") + option.back());
}

/// Removes the first argument and returns it.
std::optional<string_view> next(string_view& arguments) {
    if (arguments.empty())
        return std::nullopt;
    const string_view argument = arguments.substr(0, arguments.find('\0'));
    arguments.remove_prefix(std::min(arguments.size(), argument.size() + 1));
    return argument;
}

std::optional<std::string> script_of(const Interpreter& one, string_view arguments) {
    next(arguments); // the interpreter's own name
    while (const auto argument = next(arguments)) {
        if (argument->empty() || *argument == "-" || *argument == "--" ||
            takes_program_text(one, *argument))
            return std::nullopt;
        if (contains(one.script, *argument)) {
            const auto script = next(arguments);
            if (!script || script->empty())
                return std::nullopt;
            return *argument == "-m" && one.name == "python" ? "-m " + std::string(*script)
                                                             : std::string(*script);
        }
        if (contains(one.with_value, *argument)) {
            next(arguments);
            continue;
        }
        if (argument->front() != '-' && argument->front() != '+' && argument->front() != '@')
            return std::string(*argument);
    }
    return std::nullopt;
}

std::string link_target(const std::string& path) {
    std::array<char, 4096> target{};
    const ssize_t length = readlink(path.c_str(), target.data(), target.size());
    string_view text(target.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
    constexpr string_view deleted = " (deleted)";
    if (text.ends_with(deleted))
        text.remove_suffix(deleted.size());
    return std::string(text);
}

} // namespace

std::string program_of(string_view executable, string_view arguments) {
    const string_view file = last_part(executable);
    std::string program(executable);
    if (const Interpreter* one = interpreter_of(file)) {
        program = file;
        if (const auto script = script_of(*one, arguments))
            program.append(" ").append(*script);
    }
    if (program.size() > max_program_bytes)
        program.replace(max_program_bytes - 3, std::string::npos, "...");
    return program;
}

std::string read_program(std::uint32_t pid, std::uint64_t start_boottime_ns,
                         const std::string& proc_root) {
    if (pid == 0)
        return {};
    const std::string directory = proc_root + "/" + std::to_string(pid);
    const std::string executable = link_target(directory + "/exe");
    if (executable.empty())
        return {};
    std::optional<std::string> arguments;
    if (interpreter_of(last_part(executable)) != nullptr)
        arguments = read_text(directory + "/cmdline", max_arguments_bytes);
    std::string program = program_of(executable, arguments.value_or(""));
    // The start time is read last. If it matches now, the pid belonged to the same process before.
    const auto stat = read_text(directory + "/stat", max_stat_bytes);
    const auto start_ticks = stat ? parse_start_ticks(*stat) : std::nullopt;
    if (!start_ticks || *start_ticks != start_ticks_of(start_boottime_ns))
        return {};
    return program;
}

} // namespace twtrace
