#include "journal/journal_reader.h"

#include <bit>
#include <cstring>
#include <filesystem>
#include <span>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/socket_key.h"
#include "util/fd.h"

namespace twtrace {

namespace {

constexpr std::size_t max_files = 64;

bool is_trusted(const Fd& file) {
    struct stat status {};
    return fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode) &&
           (status.st_uid == 0 || status.st_uid == geteuid());
}

// Read, not mapped: truncating the file meanwhile must not raise SIGBUS.
std::vector<JournalEntry> content_of(const std::string& path) {
    const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!file || !is_trusted(file))
        return {};
    constexpr std::size_t step = 4096;
    std::vector<JournalEntry> entries;
    std::size_t length = 0;
    while (length <= max_journal_entries * sizeof(JournalEntry)) {
        entries.resize(length / sizeof(JournalEntry) + step);
        const ssize_t got =
            pread(file.get(), reinterpret_cast<std::byte*>(entries.data()) + length,
                  entries.size() * sizeof(JournalEntry) - length, static_cast<off_t>(length));
        if (got <= 0)
            break;
        length += static_cast<std::size_t>(got);
    }
    entries.resize(length / sizeof(JournalEntry));
    return entries;
}

bool is_usable(const JournalEntry& entry, std::uint64_t now_ns) {
    return entry.time_ns != 0 && entry.time_ns <= now_ns &&
           entry.time_ns + journal_life_ns >= now_ns && entry.pid != 0 &&
           entry.role < TWTRACE_ROLES && entry.checksum == checksum_of(entry);
}

} // namespace

JournalReader::File::File(std::uint64_t seed, std::size_t max_entries)
    : seed_(seed), table_(std::bit_ceil(2 * max_entries + 1)) {}

// The key's slot in the table, or the free slot where it belongs.
std::size_t JournalReader::File::slot_of(std::uint64_t key) const {
    const std::size_t mask = table_.size() - 1;
    std::size_t slot = key & mask;
    while (table_[slot] != 0 && entries_[table_[slot] - 1].key != key)
        slot = (slot + 1) & mask;
    return slot;
}

void JournalReader::File::add(const JournalEntry& entry) {
    std::uint32_t& slot = table_[slot_of(entry.key)];
    if (slot == 0) {
        entries_.push_back(entry);
        slot = static_cast<std::uint32_t>(entries_.size());
    } else if (entries_[slot - 1].time_ns < entry.time_ns) {
        entries_[slot - 1] = entry;
    }
}

const JournalEntry* JournalReader::File::find(const Event& socket) const {
    const std::uint32_t slot = table_[slot_of(socket_key(socket, seed_))];
    return slot == 0 ? nullptr : &entries_[slot - 1];
}

void JournalReader::read_file(const std::string& path, std::uint64_t now_ns,
                              std::vector<File>& files) {
    const std::vector<JournalEntry> content = content_of(path);
    if (content.empty())
        return;
    JournalHeader header{};
    std::memcpy(&header, content.data(), sizeof(header));
    if (header.magic != journal_magic)
        return;
    File file(header.seed, content.size());
    for (const JournalEntry& entry : std::span(content).subspan(1))
        if (is_usable(entry, now_ns))
            file.add(entry);
    files.push_back(std::move(file));
}

JournalReader JournalReader::read(std::uint64_t now_ns, const std::string& directory) {
    JournalReader reader;
    std::error_code ignored;
    for (const auto& found : std::filesystem::directory_iterator(directory, ignored))
        if (found.path().extension() == ".journal" && reader.files_.size() < max_files)
            read_file(found.path().string(), now_ns, reader.files_);
    return reader;
}

bool JournalReader::recall(Event& socket) const {
    const JournalEntry* latest = nullptr;
    for (const File& file : files_) {
        const JournalEntry* found = file.find(socket);
        if (found != nullptr && (latest == nullptr || latest->time_ns < found->time_ns))
            latest = found;
    }
    if (latest == nullptr)
        return false;
    socket.role = static_cast<Role>(latest->role);
    socket.role_inferred = latest->role_inferred != 0;
    socket.time_ns = latest->time_ns;
    socket.task.pid = latest->pid;
    socket.task.start_boottime_ns = latest->start_boottime_ns;
    socket.task.cgroup_id = latest->cgroup_id;
    socket.task.comm_bytes = latest->comm;
    return true;
}

} // namespace twtrace
