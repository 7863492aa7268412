// A comparison as text or JSON ("twtrace.diff/1").
#pragma once

#include <string>

#include "diff/compare.h"

namespace twtrace {

void append_diff_table(const Diff& diff, std::string& out);
void append_diff_json(const Diff& diff, std::string& out);

} // namespace twtrace
