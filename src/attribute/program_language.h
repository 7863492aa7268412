// Which language a process's executable was built from, where the file itself says so: Go programs
// have names of their own, and advice depends on the language.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "attribute/lru_cache.h"

namespace twtrace {

/// "go", or empty: another one, no ELF file of this host's kind, or none that may be read. Reads
/// at most 16 KiB.
std::string_view language_of_file(int fd);

class ProgramLanguages {
  public:
    explicit ProgramLanguages(std::string proc_root = "/proc") : proc_root_(std::move(proc_root)) {}
    /// Each file is read once. Not on FUSE and NFS: there a read may take for ever.
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
