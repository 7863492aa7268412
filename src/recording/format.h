// The layout of a recording's file: a file header, then chunks. All numbers are little-endian.
//
// Chunks form blocks. A block is one zstd frame with its own tables, so that reading can start at
// any block. Each chunk is a flushed part of its block's frame: chunks that were written stay
// readable if the recorder fails later.
#pragma once

#include <bit>
#include <cstdint>

namespace twtrace {

static_assert(std::endian::native == std::endian::little, "recordings are little-endian");

struct FileHeader {
    char magic[8];
    std::uint32_t version;
    std::uint32_t reserved;
};
inline constexpr char file_magic[8] = {'t', 'w', 't', 'r', 'a', 'c', 'e', '\n'};
inline constexpr std::uint32_t format_version = 2;
inline constexpr std::uint32_t oldest_version = 1; // that is read

struct ChunkHeader {
    std::uint32_t magic;
    std::uint32_t size;     ///< bytes that follow: BlockHeader if it is the first of a block, zstd
    std::uint32_t raw_size; ///< bytes after decompression
    std::uint32_t reserved;
    std::uint64_t checksum; ///< XXH3_64bits of the rest, seeded with that of the numbers before
};
inline constexpr std::uint32_t first_chunk_magic = 0x4b4c4254; // TBLK
inline constexpr std::uint32_t next_chunk_magic = 0x4b484354;  // TCHK

struct BlockHeader {
    std::uint64_t run;      ///< RunStart::run
    std::uint64_t begin_ns; ///< CLOCK_MONOTONIC: no event of the block is older by more than 2 s
    std::uint64_t begin_wall_ns;
};
static_assert(sizeof(FileHeader) == 16 && sizeof(ChunkHeader) == 24 && sizeof(BlockHeader) == 24);

/// Limits that a writer keeps and a reader enforces.
inline constexpr std::uint32_t max_chunk_bytes = 4U << 20U;      ///< compressed
inline constexpr std::uint32_t max_raw_chunk_bytes = 16U << 20U; ///< uncompressed
inline constexpr std::uint64_t max_raw_block_bytes = 64U << 20U;

} // namespace twtrace
