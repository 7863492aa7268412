// A Snapshot as one document.
#pragma once

#include <string>

#include "aggregate/snapshot.h"
#include "sink/line_sink.h"

namespace twtrace {

void append_summary(const Snapshot& snapshot, Format format, bool wide, std::string& out);

void append_summary_json(const Snapshot& snapshot, std::string& out);
void append_summary_csv(const Snapshot& snapshot, std::string& out);
void append_summary_table(const Snapshot& snapshot, bool wide, std::string& out);

/// One line: exact, or how many of how many are not accounted for, and why.
std::string accounting_line(const Accounting& accounting);

} // namespace twtrace
