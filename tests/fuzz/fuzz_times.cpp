// Times of --begin, --end and --at, and the spans that diff compares: a time is in range, or a
// usage error in one safe line.
#include <string>

#include <sys/mman.h>

#include "app/recording_span.h"
#include "app/wall_time.h"
#include "fuzz.h"
#include "recording/block_writer.h"

namespace {

using namespace twtrace;
using namespace twtrace::fuzz;

// From 2026-11-22 09:00 to 09:10.
Recording make_recording() {
    constexpr std::uint64_t begin_wall_ns = 1'795'338'000'000'000'000;
    FileHeader header{};
    std::memcpy(header.magic, file_magic, sizeof(file_magic));
    header.version = format_version;
    const std::string sample = R"({"at_ns":600000000001,"wall_ns":1795338600000000000})";
    BlockWriter writer;
    writer.begin({1, 1, begin_wall_ns});
    std::string content(reinterpret_cast<const char*>(&header), sizeof(header));
    content += writer.chunk(
        std::string{static_cast<char>(RecordKind::Sample), static_cast<char>(sample.size())} +
            sample,
        true);
    const int file = memfd_create("recording", MFD_CLOEXEC);
    require(pwrite(file, content.data(), content.size(), 0) ==
            static_cast<ssize_t>(content.size()));
    auto recording = Recording::open("/proc/self/fd/" + std::to_string(file));
    require(recording && recording->end_wall_ns() - begin_wall_ns == 600'000'000'000);
    return *std::move(recording);
}

void check_error(const Error& error) {
    require(error.exit_code == ExitCode::Usage);
    require(!error.message.empty() && !has_control_characters(error.message));
}

void check_time(const std::string& text) {
    static const Recording recording = make_recording();
    const auto wall_ns = wall_time_in(recording, text);
    if (!wall_ns)
        return check_error(wall_ns.error());
    require((*wall_ns == 0) == text.empty() && *wall_ns < std::uint64_t{1} << 63U);
    if (*wall_ns == 0)
        return;
    if (text[0] == '-')
        require(*wall_ns <= recording.end_wall_ns());
    // What is printed for a time is a time: the same second, when the clocks do not change.
    const auto again = wall_time_in(recording, local_date_time(*wall_ns));
    require(*wall_ns < 1'000'000'000 || (again && *again == *wall_ns - *wall_ns % 1'000'000'000));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const bool is_utc = setenv("TZ", "UTC", 1) == 0;
    require(is_utc);
    const std::string text(text_of(data, size));
    check_time(text);
    const auto span = parse_span(text);
    if (!span) {
        check_error(span.error());
        return 0;
    }
    require(span->path.size() + span->begin.size() + span->end.size() <= text.size());
    require(text.starts_with(span->path));
    check_time(span->begin);
    check_time(span->end);
    return 0;
}
