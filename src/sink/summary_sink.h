// A Snapshot as one document.
#pragma once

#include <string>

#include "aggregate/snapshot.h"
#include "sink/line_sink.h"

namespace twtrace {

/// one_of_many: JSON takes one line, and an empty line ends a document of the other formats.
void append_summary(const Snapshot& snapshot, Format format, bool wide, std::string& out,
                    bool one_of_many = false);

void append_summary_json(const Snapshot& snapshot, std::string& out, bool one_line = false);
void append_summary_csv(const Snapshot& snapshot, std::string& out);
void append_summary_table(const Snapshot& snapshot, bool wide, std::string& out);

/// One line: exact, or how many of how many events are not accounted for, and why.
std::string accounting_line(const Accounting& accounting);

} // namespace twtrace
