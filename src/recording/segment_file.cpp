#include "recording/segment_file.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>

#include "privilege/capabilities.h"
#include "recording/format.h"
#include "util/file.h"
#include "util/reason.h"
#include "util/text.h"
#include "util/thread.h"

namespace twtrace {

Result<std::unique_ptr<SegmentFile>> SegmentFile::create(const std::string& path) {
    Fd file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file && errno == EEXIST)
        return fail(fmt::format("{} exists: a recording is never overwritten; remove the file or "
                                "choose another name",
                                printable(path)));
    if (!file)
        return fail(fmt::format("cannot write {}: {}", printable(path), reason(errno)));
    std::unique_ptr<SegmentFile> segment(new SegmentFile(std::move(file), path));
    auto syncer = start_thread([self = segment.get()] { self->sync_until_ended(); });
    if (!syncer) {
        unlink(path.c_str());
        return in_context(fmt::format("cannot write {}", printable(path)), syncer.error());
    }
    segment->syncer_ = *std::move(syncer);
    FileHeader header{};
    std::memcpy(header.magic, file_magic, sizeof(header.magic));
    header.version = format_version;
    if (auto written = segment->append({reinterpret_cast<const char*>(&header), sizeof(header)});
        !written) {
        unlink(path.c_str());
        return tl::unexpected(written.error());
    }
    return segment;
}

SegmentFile::SegmentFile(Fd file, std::string path)
    : file_(std::move(file)), path_(std::move(path)) {}

SegmentFile::~SegmentFile() {
    ended_ = true;
    ++appended_;
    appended_.notify_one();
    if (syncer_.joinable())
        syncer_.join();
}

void SegmentFile::sync_until_ended() {
    // This thread may have started before the process dropped its own capabilities.
    [[maybe_unused]] const auto none = keep_capabilities(Duties{});
    std::uint32_t synced = 0;
    while (!ended_) {
        appended_.wait(synced);
        synced = appended_;
        fdatasync(file_.get());
    }
}

Result<void> SegmentFile::append(std::string_view bytes) {
    if (!write_all(file_, bytes)) {
        const int why = errno;
        // A reader would treat the incomplete chunk as damage.
        if (ftruncate(file_.get(), static_cast<off_t>(size_)) != 0 ||
            lseek(file_.get(), static_cast<off_t>(size_), SEEK_SET) < 0)
            size_ = static_cast<std::uint64_t>(lseek(file_.get(), 0, SEEK_END));
        return fail(fmt::format("cannot write {}: {}", printable(path_), reason(why)));
    }
    size_ += bytes.size();
    ++appended_;
    appended_.notify_one();
    return {};
}

} // namespace twtrace
