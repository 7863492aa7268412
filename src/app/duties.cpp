#include "app/duties.h"

#include <array>
#include <cstdlib>
#include <filesystem>

#include <sys/stat.h>
#include <unistd.h>

#include "app/recording_span.h"

namespace twtrace {

namespace {

struct Row {
    Command command;
    bool traces;       // without --from: loads BPF programs
    bool surveys_host; // without --from: reads /proc, runtimes' files and network namespaces
    bool writes_files;
    bool uses_terminal;
};

constexpr std::array<Row, 10> rows{{
    {Command::Trace, true, true, false, false},
    {Command::Summary, true, true, false, false},
    {Command::Top, true, true, false, true},
    {Command::List, false, true, false, false},
    {Command::Doctor, true, true, false, false},
    {Command::Exporter, true, true, false, false},
    {Command::Record, true, true, true, false},
    {Command::Report, true, true, true, false},
    {Command::WhatIf, true, true, false, false},
    {Command::Diff, false, false, false, false},
}};

// Files that the C library reads for time zones, locales and terminals.
constexpr std::array system_files{"/etc/localtime",      "/usr/share/zoneinfo", "/usr/lib/locale",
                                  "/usr/share/terminfo", "/lib/terminfo",       "/etc/terminfo",
                                  "/proc/self"};

// Where files are created: path is a file, or a directory (record).
std::string directory_of(const std::string& path) {
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored))
        return path;
    std::string directory = std::filesystem::path(path).parent_path().string();
    return directory.empty() ? "." : directory;
}

bool is_of_another_user(const std::string& path) {
    struct stat status {};
    return stat(path.c_str(), &status) == 0 && status.st_uid != geteuid();
}

void add_files_to_write(const Options& options, Duties& duties) {
    for (const std::string* path :
         {&options.recording, &options.page, &options.textfile, &options.junit_file})
        if (!path->empty())
            duties.writable.push_back(directory_of(*path));
    // A command that traces has opened this one by then (Document), a replay has not.
    if (!duties.reads_maps && !options.output_file.empty())
        duties.writable.push_back(directory_of(options.output_file));
    for (const std::string& directory : duties.writable)
        duties.writes_anywhere = duties.writes_anywhere || is_of_another_user(directory);
    duties.writes_files = duties.writes_files || !duties.writable.empty() || options.journal;
}

void add_recordings(const Options& options, Duties& duties) {
    duties.confined = true;
    if (!options.from.empty())
        duties.readable.push_back(options.from);
    for (const std::string& span : options.spans)
        if (const auto parsed = parse_span(span)) // otherwise run_diff() reports the error
            duties.readable.push_back(parsed->path);
    for (const std::string& path : duties.readable)
        duties.reads_anywhere = duties.reads_anywhere || is_of_another_user(path);
    duties.readable.insert(duties.readable.end(), system_files.begin(), system_files.end());
    for (const char* variable : {"TERMINFO", "TZDIR"})
        if (const char* path = std::getenv(variable))
            duties.readable.emplace_back(path);
}

} // namespace

Duties duties_of(const Options& options) {
    Duties duties;
    const bool replays = !options.from.empty() || options.command == Command::Diff;
    for (const Row& row : rows) {
        if (row.command != options.command)
            continue;
        duties.reads_maps = row.traces && !replays;
        duties.reads_processes = row.surveys_host && !replays;
        duties.reads_anywhere = duties.reads_processes;
        duties.enters_namespaces = duties.reads_processes;
        duties.writes_files = row.writes_files;
        duties.uses_terminal = row.uses_terminal;
    }
    duties.resolves_names = options.resolve;
    // A command that reads the files of runtimes has a process that parses them.
    duties.has_child = duties.reads_processes;
    add_files_to_write(options, duties);
    if (replays)
        add_recordings(options, duties);
    return duties;
}

} // namespace twtrace
