// A span of a recording, as `twtrace diff` takes it.
#pragma once

#include <string>

#include "util/result.h"

namespace twtrace {

struct RecordingSpan {
    std::string path;
    std::string begin; ///< text as wall_time_in() takes it; empty: the start of the recording
    std::string end;   ///< the same; empty: its end
};

/// text: FILE, or FILE@BEGIN..END, where either time may be omitted. If all of it names an existing
/// file or directory, it is FILE. Error: a usage error.
Result<RecordingSpan> parse_span(const std::string& text);

} // namespace twtrace
