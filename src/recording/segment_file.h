// One file of a recording, to append to. A chunk is in it as a whole or not at all.
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
    /// Makes the file, 0600. Error: it exists, or it can't be made.
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
    void sync_until_told();

    Fd file_;
    std::string path_;
    std::uint64_t size_ = 0;
    // A disk may take seconds for it, and the ring fills meanwhile: so another thread does it.
    std::atomic<std::uint32_t> appended_ = 0;
    std::atomic<bool> ended_ = false;
    std::thread syncer_;
};

} // namespace twtrace
