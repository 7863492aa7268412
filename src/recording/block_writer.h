// Compresses records into the chunks of one block.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "recording/format.h"

struct ZSTD_CCtx_s;

namespace twtrace {

class BlockWriter {
  public:
    BlockWriter();

    /// Begins a new block.
    void begin(const BlockHeader& header);
    [[nodiscard]] bool begun() const { return begun_; }
    void abandon() { begun_ = false; }
    /// Compresses the records and returns the chunk to append to the file. Valid until the next
    /// call. last: the block ends with this chunk.
    std::string_view chunk(std::string_view records, bool last);
    [[nodiscard]] std::uint64_t raw_bytes() const { return raw_bytes_; } ///< of the block so far

  private:
    struct Free {
        void operator()(ZSTD_CCtx_s* context) const;
    };
    void reserve(std::size_t bytes);

    std::unique_ptr<ZSTD_CCtx_s, Free> context_;
    BlockHeader header_{};
    bool begun_ = false;
    bool first_ = false;
    std::uint64_t raw_bytes_ = 0;
    std::string chunk_; // the chunk is a part of it
};

} // namespace twtrace
