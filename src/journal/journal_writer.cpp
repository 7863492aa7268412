#include "journal/journal_writer.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <random>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "model/timestamp.h"

namespace twtrace {

namespace {

constexpr std::size_t entries_a_step = 4096; // 256 KiB

tl::unexpected<Error> failed(const std::string& what) {
    return fail(fmt::format("cannot keep a journal in {}: {}", what, std::strerror(errno)));
}

// Other users must not be able to create a file here, nor to read the journal.
Result<void> make_directory(const std::string& directory) {
    if (mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST)
        return failed(directory);
    struct stat status {};
    if (lstat(directory.c_str(), &status) != 0)
        return failed(directory);
    if (!S_ISDIR(status.st_mode) || status.st_uid != geteuid() || (status.st_mode & 0077U) != 0)
        return fail(fmt::format("cannot keep a journal in {}: it has to be a directory of this "
                                "user's with mode 0700",
                                directory));
    return {};
}

// A running tracer holds a lock on its file.
void remove_orphans(const std::string& directory) {
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(directory, ignored)) {
        if (entry.path().extension() != ".journal")
            continue;
        const Fd file(open(entry.path().c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
        if (file && flock(file.get(), LOCK_EX | LOCK_NB) == 0)
            unlink(entry.path().c_str());
    }
}

std::uint64_t random_seed() {
    std::random_device device;
    return std::uint64_t{device()} << 32U | device();
}

} // namespace

JournalWriter::JournalWriter(Fd file, std::string path, Mapping map, std::size_t max_entries)
    : file_(std::move(file)), path_(std::move(path)), map_(std::move(map)),
      max_entries_(max_entries), seed_(random_seed()) {}

JournalWriter::JournalWriter(JournalWriter&& other) noexcept
    : file_(std::move(other.file_)), path_(std::exchange(other.path_, {})),
      map_(std::move(other.map_)), max_entries_(other.max_entries_), slots_(other.slots_),
      next_(other.next_), seed_(other.seed_) {}

JournalWriter::~JournalWriter() {
    if (!path_.empty())
        unlink(path_.c_str());
}

Result<JournalWriter> JournalWriter::create(const std::string& directory, std::size_t max_entries) {
    if (auto made = make_directory(directory); !made)
        return tl::unexpected(made.error());
    remove_orphans(directory);
    const std::string path =
        fmt::format("{}/{}-{}.journal", directory, getpid(), monotonic_now_ns());
    Fd file(open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file || flock(file.get(), LOCK_EX | LOCK_NB) != 0)
        return failed(path);
    // The mapping is larger than the file, which grows into it.
    Mapping map(file.get(), (max_entries + 1) * sizeof(JournalEntry), PROT_READ | PROT_WRITE,
                MAP_SHARED);
    if (!map) {
        const auto why = failed(path);
        unlink(path.c_str());
        return why;
    }
    JournalWriter writer(std::move(file), path, std::move(map), max_entries);
    if (!writer.grow())
        return failed(path);
    const JournalHeader header{journal_magic, writer.seed_};
    std::memcpy(writer.map_.bytes().data(), &header, sizeof(header));
    return writer;
}

std::byte* JournalWriter::slot(std::size_t index) const {
    return map_.bytes().data() + (index + 1) * sizeof(JournalEntry); // the header is first
}

// Memory is reserved before it is written: a write to a mapping on a full file system raises
// SIGBUS.
bool JournalWriter::grow() {
    const std::size_t slots = std::min(slots_ + entries_a_step, max_entries_);
    if (slots == slots_ ||
        fallocate(file_.get(), 0, 0, static_cast<off_t>((slots + 1) * sizeof(JournalEntry))) != 0)
        return false;
    slots_ = slots;
    return true;
}

bool JournalWriter::is_free(std::size_t index, std::uint64_t now_ns) const {
    std::uint64_t time_ns = 0;
    std::memcpy(&time_ns, slot(index) + offsetof(JournalEntry, time_ns), sizeof(time_ns));
    return time_ns == 0 || time_ns + journal_life_ns < now_ns;
}

void JournalWriter::add(const Event& event) {
    if (event.type != EventType::TimeWait || !event.task.known())
        return;
    if (next_ == slots_)
        next_ = 0;
    // Grows rather than overwriting a socket that may still exist, as long as there is memory;
    // otherwise this slot is about the oldest.
    if (!is_free(next_, event.time_ns))
        if (const std::size_t end = slots_; grow())
            next_ = end;
    const JournalEntry entry = journal_entry(event, seed_);
    std::memcpy(slot(next_), &entry, sizeof(entry));
    ++next_;
}

} // namespace twtrace
