// A journal file with any content: a returned entry is one of its entries, and in range.
#include <filesystem>
#include <fstream>

#include <unistd.h>

#include "fuzz.h"
#include "journal/journal_reader.h"

namespace {

using namespace twtrace;

constexpr std::uint64_t now_ns = 1'000'000'000'000;

// libFuzzer exits without destructors: tools/fuzz removes the files in TMPDIR.
const std::filesystem::path& directory() {
    static const std::filesystem::path made = [] {
        auto path = std::filesystem::temp_directory_path() /
                    ("twtrace-fuzz-journal-" + std::to_string(getpid()));
        std::filesystem::create_directories(path);
        return path;
    }();
    return made;
}

Event socket_of(std::uint8_t port) {
    Event socket;
    socket.netns = 1;
    socket.local.family = socket.remote.family = 4;
    socket.local_port = port;
    socket.remote_port = 80;
    return socket;
}

// Entries from the input with valid checksums, and the input's bytes unchanged.
std::string content_of(fuzz::Input& input) {
    JournalHeader header{journal_magic, 7};
    if (input.byte() % 8 == 0)
        input.fill(header);
    std::string content(sizeof(JournalEntry), '\0');
    std::memcpy(content.data(), &header, sizeof(header));
    while (!input.empty()) {
        const std::uint8_t port = input.byte();
        JournalEntry entry = journal_entry(socket_of(port), header.seed);
        entry.time_ns = now_ns - 1;
        entry.pid = 1;
        if (port % 2 == 0)
            input.fill(entry);
        entry.checksum = checksum_of(entry);
        content.append(reinterpret_cast<const char*>(&entry), sizeof(entry) - (port % 16 == 0));
    }
    return content;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Input input(data, size);
    const std::string content = content_of(input);
    std::ofstream(directory() / "1.journal", std::ios::binary | std::ios::trunc) << content;
    const JournalReader reader = JournalReader::read(now_ns, directory().string());
    for (unsigned port = 0; port < 256; ++port) {
        Event socket = socket_of(static_cast<std::uint8_t>(port));
        if (!reader.recall(socket))
            continue;
        fuzz::require(socket.task.pid != 0 && socket.time_ns <= now_ns);
        fuzz::require(static_cast<unsigned>(socket.role) < TWTRACE_ROLES);
    }
    return 0;
}
