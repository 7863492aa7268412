// Reads one file of a recording, record by record. The file may be hostile, truncated, damaged or
// still being written: unreadable parts are skipped and counted.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "recording/event_codec.h"
#include "recording/format.h"
#include "recording/record.h"
#include "util/fd.h"
#include "util/result.h"

struct ZSTD_DCtx_s;

namespace twtrace {

/// The system could not read the file; a damaged file is no such error.
struct ReadError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Each function that reads throws ReadError; run() ends the command then.
class FileReader {
  public:
    /// Error: the file can't be read, is not a recording, or has an unknown version.
    static Result<std::unique_ptr<FileReader>> open(const std::string& path);

    /// Passes the next record to the visitor. False: there is none.
    bool next(RecordVisitor& visitor);
    /// The kind of the record that next() will return; none: there is no record.
    std::optional<RecordKind> next_kind();
    /// The next records come from the last block that begins at or before this time (UTC,
    /// nanoseconds), or from the first one.
    void seek(std::uint64_t wall_ns);
    /// The next records come from the last block.
    void seek_last();
    /// Time of the first block; none: there is no block.
    [[nodiscard]] std::optional<std::uint64_t> begin_wall_ns();

    /// Bytes that were skipped because they were damaged.
    [[nodiscard]] std::uint64_t damaged_bytes() const { return damaged_; }
    /// The last chunk is not complete.
    [[nodiscard]] bool is_cut() const { return cut_; }

  private:
    struct Chunk {
        ChunkHeader header{};
        BlockHeader block{};      ///< of the first chunk of a block
        std::uint64_t offset = 0; ///< of the header
        std::string_view content; ///< compressed
        [[nodiscard]] bool is_first() const { return header.magic == first_chunk_magic; }
        [[nodiscard]] std::uint64_t end() const { return offset + sizeof(header) + header.size; }
    };
    enum class Found { Chunk, Damaged, Cut, End };

    explicit FileReader(Fd file, std::string path, std::uint64_t size);
    Found chunk_at(std::uint64_t offset, Chunk& chunk);
    std::optional<Chunk> block_from(std::uint64_t offset);
    bool has_record();
    bool read_chunk();
    bool unpack(const Chunk& chunk);
    bool pass_on(RecordVisitor& visitor);
    void go_to(std::uint64_t offset);
    std::uint64_t size_now();

    struct Free {
        void operator()(ZSTD_DCtx_s* context) const;
    };
    Fd file_;
    std::string path_;
    std::uint64_t size_ = 0;
    std::uint64_t offset_ = sizeof(FileHeader); // of the next chunk
    std::unique_ptr<ZSTD_DCtx_s, Free> context_;
    bool in_block_ = false;
    std::uint64_t block_raw_ = 0;
    std::string read_;         // a chunk as stored in the file
    std::string unpacked_;     // the chunk's records, and max_packed_event_bytes bytes
    std::string_view records_; // those of them that were not passed on
    EventDecoder decoder_;
    Event event_; // kept, because initializing all its fields takes time
    std::uint64_t damaged_ = 0;
    bool cut_ = false;
};

} // namespace twtrace
