// Reads a recording: one file, or the directory of a flight recorder.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "recording/file_reader.h"

namespace twtrace {

class Recording {
  public:
    /// Error: there is nothing to read.
    static Result<Recording> open(const std::string& path);

    /// Passes the next record to the visitor. False: there is none.
    bool next(RecordVisitor& visitor);
    /// The kind of the record that next() will return; none: there is no record.
    std::optional<RecordKind> next_kind();
    /// The next records come from the last block that begins at or before this time (UTC,
    /// nanoseconds), or from the first one.
    Result<void> seek(std::uint64_t wall_ns);

    /// UTC, nanoseconds.
    [[nodiscard]] std::uint64_t begin_wall_ns() const { return begin_wall_ns_; }
    [[nodiscard]] std::uint64_t end_wall_ns() const { return end_wall_ns_; }
    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::uint64_t damaged_bytes() const;
    /// What could not be read so far, as messages for the user.
    [[nodiscard]] std::vector<std::string> notes() const;

  private:
    explicit Recording(std::string path) : path_(std::move(path)) {}
    static bool is_unreadable(const std::string& path);
    Result<void> find_end();
    bool open_next();
    void close();

    std::string path_;
    std::vector<std::string> files_;
    std::size_t next_file_ = 0;
    std::unique_ptr<FileReader> file_;
    std::uint64_t begin_wall_ns_ = 0;
    std::uint64_t end_wall_ns_ = 0;
    std::uint64_t damaged_ = 0;
    std::uint64_t unreadable_ = 0; // number of files
    bool cut_ = false;
};

} // namespace twtrace
