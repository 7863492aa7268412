// The checksum of a chunk.
#pragma once

#include <cstddef>
#include <string_view>

#include <xxhash.h>

#include "recording/format.h"

namespace twtrace {

inline std::uint64_t checksum_of(const ChunkHeader& header, std::string_view payload) {
    const std::uint64_t seed = XXH3_64bits(&header, offsetof(ChunkHeader, checksum));
    return XXH3_64bits_withSeed(payload.data(), payload.size(), seed);
}

} // namespace twtrace
