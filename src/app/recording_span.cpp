#include "app/recording_span.h"

#include <filesystem>

#include <fmt/format.h>

#include "util/text.h"

namespace twtrace {

Result<RecordingSpan> parse_span(const std::string& text) {
    const auto at = text.rfind('@');
    std::error_code ignored;
    if (at == std::string::npos || std::filesystem::exists(text, ignored))
        return RecordingSpan{text, "", ""};
    const std::string times = text.substr(at + 1);
    const auto dots = times.find("..");
    if (dots == std::string::npos)
        return fail(fmt::format("'{}': a span is FILE@BEGIN..END, such as web1.twr@03:10..03:20",
                                printable(text)),
                    ExitCode::Usage);
    return RecordingSpan{text.substr(0, at), times.substr(0, dots), times.substr(dots + 2)};
}

} // namespace twtrace
