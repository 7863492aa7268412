// The writing side of the journal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "journal/journal_file.h"
#include "util/fd.h"
#include "util/mapping.h"
#include "util/result.h"

namespace twtrace {

class JournalWriter {
  public:
    /// Creates DIRECTORY (0700) if it does not exist, removes the files of dead tracers, and starts
    /// a file of its own.
    static Result<JournalWriter> create(const std::string& directory = journal_directory,
                                        std::size_t max_entries = max_journal_entries);
    JournalWriter(JournalWriter&& other) noexcept;
    JournalWriter& operator=(JournalWriter&&) = delete;
    JournalWriter(const JournalWriter&) = delete;
    JournalWriter& operator=(const JournalWriter&) = delete;
    /// Removes the file.
    ~JournalWriter();

    /// Keeps entries into TIME_WAIT whose process is known; ignores other events.
    void add(const Event& event);

    [[nodiscard]] std::size_t slots() const { return slots_; } ///< memory used, in entries

  private:
    JournalWriter(Fd file, std::string path, Mapping map, std::size_t max_entries);
    [[nodiscard]] std::byte* slot(std::size_t index) const;
    [[nodiscard]] bool is_free(std::size_t index, std::uint64_t now_ns) const;
    bool grow();

    Fd file_; // holds the lock of a running tracer
    std::string path_;
    Mapping map_;
    std::size_t max_entries_;
    std::size_t slots_ = 0;
    std::size_t next_ = 0;
    std::uint64_t seed_ = 0;
};

} // namespace twtrace
