#include "recording/block_writer.h"

#include <cstring>
#include <new>

#include <xxhash.h>
#include <zstd.h>

#include "recording/checksum.h"

namespace twtrace {

namespace {

// The fastest level with a size below 20 bytes per event (docs/recording.md).
constexpr int level = 1;

} // namespace

void BlockWriter::Free::operator()(ZSTD_CCtx_s* context) const {
    ZSTD_freeCCtx(context);
}

BlockWriter::BlockWriter() : context_(ZSTD_createCCtx()) {
    if (!context_)
        throw std::bad_alloc();
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, level);
}

void BlockWriter::begin(const BlockHeader& header) {
    ZSTD_CCtx_reset(context_.get(), ZSTD_reset_session_only);
    header_ = header;
    begun_ = true;
    first_ = true;
    raw_bytes_ = 0;
}

// The buffer never shrinks: each resize() would fill the new part with zeros.
void BlockWriter::reserve(std::size_t bytes) {
    if (chunk_.size() < bytes)
        chunk_.resize(bytes);
}

std::string_view BlockWriter::chunk(std::string_view records, bool last) {
    ChunkHeader header{};
    const std::size_t before = sizeof(header) + (first_ ? sizeof(header_) : 0);
    // A flush adds a few bytes to the bound of the compressed size.
    reserve(before + ZSTD_compressBound(records.size()) + 64);
    if (first_)
        std::memcpy(chunk_.data() + sizeof(header), &header_, sizeof(header_));
    ZSTD_inBuffer in{records.data(), records.size(), 0};
    ZSTD_outBuffer out{chunk_.data() + before, chunk_.size() - before, 0};
    while (true) {
        const std::size_t left =
            ZSTD_compressStream2(context_.get(), &out, &in, last ? ZSTD_e_end : ZSTD_e_flush);
        if (left == 0 || ZSTD_isError(left) != 0)
            break;
        reserve(out.pos + before + left);
        out.dst = chunk_.data() + before;
        out.size = chunk_.size() - before;
    }
    const std::string_view chunk(chunk_.data(), before + out.pos);
    header.magic = first_ ? first_chunk_magic : next_chunk_magic;
    header.size = static_cast<std::uint32_t>(chunk.size() - sizeof(header));
    header.raw_size = static_cast<std::uint32_t>(records.size());
    header.checksum = checksum_of(header, chunk.substr(sizeof(header)));
    std::memcpy(chunk_.data(), &header, sizeof(header));
    raw_bytes_ += records.size();
    first_ = false;
    begun_ = !last;
    return chunk;
}

} // namespace twtrace
