// Any words as arguments (a word ends at a NUL): the result is options, or a usage error in one
// safe line.
#include <string>
#include <vector>

#include "cli/options.h"
#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace twtrace;
    std::vector<std::string> words{"twtrace"};
    std::string_view rest = fuzz::text_of(data, size);
    while (!rest.empty() && words.size() < 40) {
        const auto end = std::min(rest.find('\0'), rest.size());
        words.emplace_back(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    std::vector<const char*> arguments;
    arguments.reserve(words.size());
    for (const std::string& word : words)
        arguments.push_back(word.c_str());
    const auto parsed =
        parse_command_line(static_cast<int>(arguments.size()), arguments.data(), size % 2 == 0);
    if (!parsed) {
        fuzz::require(parsed.error().exit_code == ExitCode::Usage);
        fuzz::require(!parsed.error().message.empty());
        fuzz::require(!fuzz::has_control_characters(parsed.error().message));
        return 0;
    }
    const Options& options = parsed->options;
    fuzz::require(options.filter.netns.size() <= 16);
    fuzz::require(options.filter.pids.size() <= 1024);
    fuzz::require(options.filter.comm.size() <= 255);
    fuzz::require((options.ring_bytes & (options.ring_bytes - 1)) == 0);
    fuzz::require(options.duration.count() >= 0);
    return 0;
}
