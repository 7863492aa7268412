// One file of a recording, opened to append. It contains a chunk as a whole or not at all.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "util/fd.h"
#include "util/result.h"

namespace twtrace {

class SegmentFile {
  public:
    /// Creates the file, 0600. Error: it exists, or can't be created.
    static Result<std::unique_ptr<SegmentFile>> create(const std::string& path);
    SegmentFile(const SegmentFile&) = delete;
    SegmentFile& operator=(const SegmentFile&) = delete;
    ~SegmentFile();

    /// Error: the reason, with nothing added to the file.
    Result<void> append(std::string_view bytes);
    [[nodiscard]] std::uint64_t size() const { return size_; }
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    SegmentFile(Fd file, std::string path);
    void sync_until_ended();

    Fd file_;
    std::string path_;
    std::uint64_t size_ = 0;
    // Another thread syncs, because a disk may take seconds for it, and the ring would fill
    // meanwhile.
    std::atomic<std::uint32_t> appended_ = 0;
    std::atomic<bool> ended_ = false;
    std::thread syncer_;
};

} // namespace twtrace
