// One row for each option: its names, its value, the commands that accept it, and its effect on
// Options. The command line and --help are generated from it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "cli/options.h"

namespace twtrace {

enum CommandSet : unsigned {
    in_trace = 1U << static_cast<unsigned>(Command::Trace),
    in_summary = 1U << static_cast<unsigned>(Command::Summary),
    in_list = 1U << static_cast<unsigned>(Command::List),
    in_top = 1U << static_cast<unsigned>(Command::Top),
    in_doctor = 1U << static_cast<unsigned>(Command::Doctor),
    in_exporter = 1U << static_cast<unsigned>(Command::Exporter),
    in_record = 1U << static_cast<unsigned>(Command::Record),
    in_diff = 1U << static_cast<unsigned>(Command::Diff),
    in_what_if = 1U << static_cast<unsigned>(Command::WhatIf),
    in_report = 1U << static_cast<unsigned>(Command::Report),
    in_live = in_trace | in_top | in_summary | in_doctor | in_exporter | in_record | in_what_if |
              in_report,
    in_replay = in_trace | in_top | in_summary | in_doctor | in_list | in_what_if | in_report,
    in_every = ~0U,
    in_child = in_trace | in_summary | in_doctor | in_record | in_what_if, ///< accept `-- COMMAND`
};

struct OptionRow {
    std::string_view names;   ///< as CLI11 takes them: "-p,--pid"
    std::string_view metavar; ///< empty: a flag
    std::string_view help;
    unsigned commands; ///< CommandSet
    Result<void> (*apply)(Options&, const std::string& value);
};

struct CommandRow {
    Command command;
    std::string_view name;
    std::string_view help;
};

std::span<const OptionRow> option_table();
std::span<const CommandRow> command_table();

} // namespace twtrace
