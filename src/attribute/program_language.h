// The language that a process's executable was built from, if the file itself records it. Go
// programs have their own names, and advice depends on the language.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "attribute/lru_cache.h"

namespace twtrace {

/// "go", or empty: another language, not an ELF file of this host's kind, or not readable. Reads at
/// most 16 KiB.
std::string_view language_of_file(int fd);

class ProgramLanguages {
  public:
    explicit ProgramLanguages(std::string proc_root = "/proc") : proc_root_(std::move(proc_root)) {}
    /// Each file is read once. Files on FUSE and NFS are not read, because a read there may block
    /// indefinitely.
    std::string_view of(std::uint32_t pid);

  private:
    struct Key {
        std::uint64_t device;
        std::uint64_t inode;
        std::int64_t changed_ns;
        bool operator==(const Key&) const = default;
    };
    struct KeyHash {
        std::size_t operator()(const Key& key) const;
    };

    std::string proc_root_;
    LruCache<Key, std::string_view, KeyHash> known_{capacity};
    static constexpr std::size_t capacity = 256;
};

} // namespace twtrace
