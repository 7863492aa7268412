#include "recording/recording.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "recording/segments.h"
#include "util/text.h"

namespace twtrace {

namespace {

// Finds the time of the end of the last block.
class LastTime : public RecordVisitor {
  public:
    void event(const Event& event) override { note(event.wall_ns); }
    void start(const RunStart& start) override { note(start.start_wall_ns); }
    void sample(const RunSample& sample) override { note(sample.wall_ns); }
    void end(const RunSample& last) override { note(last.wall_ns); }
    [[nodiscard]] std::uint64_t wall_ns() const { return wall_ns_; }

  private:
    void note(std::uint64_t wall_ns) { wall_ns_ = std::max(wall_ns_, wall_ns); }
    std::uint64_t wall_ns_ = 0;
};

} // namespace

Result<Recording> Recording::open(const std::string& path) {
    Recording recording(path);
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) {
        for (const Segment& segment : segments_in(path))
            recording.files_.push_back(segment.path);
        if (recording.files_.empty())
            return fail(fmt::format("{} contains no recording; `twtrace record -o {}` writes one",
                                    printable(path), printable(path)));
    } else {
        recording.files_.push_back(path);
    }
    if (auto found = recording.find_end(); !found)
        return tl::unexpected(found.error());
    return recording;
}

// A file without a block, such as one that a power failure left empty. A recording goes on without
// it.
bool Recording::is_unreadable(const std::string& path) {
    const auto file = FileReader::open(path);
    return !file || !(*file)->begin_wall_ns();
}

Result<void> Recording::find_end() {
    while (files_.size() > 1 && is_unreadable(files_.front())) {
        files_.erase(files_.begin());
        ++unreadable_;
    }
    auto first = FileReader::open(files_.front());
    if (!first)
        return tl::unexpected(first.error());
    const auto begin = (*first)->begin_wall_ns();
    if (!begin)
        return fail(fmt::format("{} is empty: nothing has been written to it yet",
                                printable(files_.front())));
    begin_wall_ns_ = *begin;
    for (auto file = files_.rbegin(); file != files_.rend() && end_wall_ns_ == 0; ++file) {
        auto last = FileReader::open(*file);
        if (!last)
            continue;
        (*last)->seek_last();
        LastTime time;
        while ((*last)->next(time)) {
        }
        end_wall_ns_ = time.wall_ns();
    }
    end_wall_ns_ = std::max(end_wall_ns_, begin_wall_ns_);
    return {};
}

void Recording::close() {
    if (!file_)
        return;
    damaged_ += file_->damaged_bytes();
    cut_ = file_->is_cut();
    file_.reset();
}

// A segment that a recorder has removed meanwhile is skipped.
bool Recording::open_next() {
    close();
    while (next_file_ < files_.size()) {
        auto file = FileReader::open(files_[next_file_++]);
        if (file) {
            file_ = *std::move(file);
            return true;
        }
        ++unreadable_;
    }
    return false;
}

std::optional<RecordKind> Recording::next_kind() {
    while (file_ || open_next()) {
        if (const auto kind = file_->next_kind())
            return kind;
        if (!open_next())
            return std::nullopt;
    }
    return std::nullopt;
}

bool Recording::next(RecordVisitor& visitor) {
    while (file_ || open_next()) {
        if (file_->next(visitor))
            return true;
        if (!open_next())
            return false;
    }
    return false;
}

Result<void> Recording::seek(std::uint64_t wall_ns) {
    close();
    std::size_t chosen = 0;
    for (std::size_t index = 1; index < files_.size(); ++index) {
        const auto file = FileReader::open(files_[index]);
        const auto begin = file ? (*file)->begin_wall_ns() : std::nullopt;
        if (begin && *begin > wall_ns)
            break;
        if (begin)
            chosen = index;
    }
    auto file = FileReader::open(files_[chosen]);
    if (!file)
        return tl::unexpected(file.error());
    file_ = *std::move(file);
    file_->seek(wall_ns);
    next_file_ = chosen + 1;
    return {};
}

std::uint64_t Recording::damaged_bytes() const {
    return damaged_ + (file_ ? file_->damaged_bytes() : 0);
}

std::vector<std::string> Recording::notes() const {
    std::vector<std::string> notes;
    const std::uint64_t damaged = damaged_bytes();
    if (damaged > 0)
        notes.push_back(
            fmt::format("{}: {} bytes are damaged and were skipped", printable(path_), damaged));
    if (unreadable_ > 0)
        notes.push_back(fmt::format("{}: {} files can't be read and were skipped", printable(path_),
                                    unreadable_));
    if (cut_ || (file_ && file_->is_cut()))
        notes.push_back(fmt::format(
            "{}: the last write is incomplete; everything before it was read", printable(path_)));
    return notes;
}

} // namespace twtrace
