// The reading side of the journal.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "journal/journal_file.h"

namespace twtrace {

class JournalReader {
  public:
    /// Reads the journals of the tracers on this host. Empty if there is none, or none is readable.
    /// Entries that are broken, from the future, or older than a socket can be are left out.
    static JournalReader read(std::uint64_t now_ns,
                              const std::string& directory = journal_directory);

    /// Sets the socket's task and role if its close was seen; if several closes have these
    /// addresses and ports, from the latest.
    bool recall(Event& socket) const;

    [[nodiscard]] bool empty() const { return files_.empty(); }

  private:
    /// Entries by key, in a table of twice as many slots, which avoids an allocation for each of
    /// up to a quarter of a million entries.
    class File {
      public:
        File(std::uint64_t seed, std::size_t max_entries);
        void add(const JournalEntry& entry); ///< replaces an earlier one of the same key
        [[nodiscard]] const JournalEntry* find(const Event& socket) const;

      private:
        [[nodiscard]] std::size_t slot_of(std::uint64_t key) const;

        std::uint64_t seed_;
        std::vector<JournalEntry> entries_;
        std::vector<std::uint32_t> table_; // index + 1; 0: free
    };
    static void read_file(const std::string& path, std::uint64_t now_ns, std::vector<File>& files);

    std::vector<File> files_;
};

} // namespace twtrace
