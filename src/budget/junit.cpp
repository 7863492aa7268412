#include "budget/junit.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>

#include "util/fd.h"
#include "util/file.h"
#include "util/text.h"

namespace twtrace {

namespace {

// XML 1.0 (section 2.2) cannot represent control characters: append_printable() replaces them.
std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : printable(text)) {
        switch (c) {
        case '&':
            out += "&amp;";
            break;
        case '<':
            out += "&lt;";
            break;
        case '>':
            out += "&gt;";
            break;
        case '"':
            out += "&quot;";
            break;
        default:
            out += c;
        }
    }
    return out;
}

} // namespace

std::string junit_of(const std::vector<BudgetVerdict>& verdicts, double duration_s) {
    const auto failures =
        std::count_if(verdicts.begin(), verdicts.end(),
                      [](const BudgetVerdict& verdict) { return verdict.exceeded; });
    std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
    out +=
        fmt::format("  <testsuite name=\"twtrace\" tests=\"{}\" failures=\"{}\" time=\"{:.3f}\">\n",
                    verdicts.size(), failures, duration_s);
    for (const BudgetVerdict& verdict : verdicts) {
        out += fmt::format("    <testcase classname=\"twtrace.budget\" name=\"{}\"",
                           escaped(verdict.budget));
        out += verdict.exceeded
                   ? fmt::format(">\n      <failure message=\"{}\"/>\n    </testcase>\n",
                                 escaped(verdict.message))
                   : "/>\n";
    }
    return out + "  </testsuite>\n</testsuites>\n";
}

Result<void> write_junit(const std::string& path, const std::vector<BudgetVerdict>& verdicts,
                         double duration_s) {
    const Fd file(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!file || !write_all(file, junit_of(verdicts, duration_s)))
        return fail(fmt::format("cannot write {}: {}; name another file with --junit",
                                printable(path), std::strerror(errno)));
    return {};
}

} // namespace twtrace
