// Writes a recording: one file, or the bounded files of a flight recorder.
//
// Records are buffered until flush(), once a second. A chunk that can't be written (a full disk) is
// dropped and its events are counted; the next flush begins a new block.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "recording/block_writer.h"
#include "recording/event_codec.h"
#include "recording/record.h"
#include "recording/segment_file.h"
#include "recording/segments.h"

namespace twtrace {

class RecordingWriter {
  public:
    /// path: a file that does not exist yet, for one file; a directory, or a path that ends with
    /// '/', for a flight recorder with these limits.
    static Result<std::unique_ptr<RecordingWriter>>
    open(const std::string& path, const SegmentLimits& limits, const RunStart& start);

    void event(const Event& event, std::uint64_t times = 0);
    void netns(const NamespaceRecord& record);
    void sockets(const std::vector<PresentSocket>& sockets);
    void checkpoint(std::uint64_t at_ns);
    /// Fills in the unwritten numbers. A sample without changes is left out, for at most a minute.
    void sample(RunSample sample);
    void ports(const PortsRecord& record);
    /// Left out if its counters are those of the last record, with about as many entries.
    void conntrack(const ConntrackRecord& record);
    /// Ends the run.
    void end(RunSample last);

    /// now_wall_ns: for names and ages of segments. A failure is counted, and reported once.
    void flush(std::uint64_t now_wall_ns);

    [[nodiscard]] std::uint64_t written_bytes() const { return written_bytes_; }
    [[nodiscard]] std::uint64_t written_events() const { return written_events_; }
    [[nodiscard]] std::uint64_t unwritten_events() const { return unwritten_events_; }

  private:
    RecordingWriter(std::string path, bool is_directory, const SegmentLimits& limits,
                    RunStart start)
        : path_(std::move(path)), is_directory_(is_directory), limits_(limits),
          start_(std::move(start)) {}

    void append(RecordKind kind, const std::string& json);
    void append_state();
    void append_sample(RecordKind kind, const RunSample& sample);
    void begin_block_if_none();
    [[nodiscard]] std::uint64_t block_limit() const;
    [[nodiscard]] std::size_t chunk_limit() const;
    [[nodiscard]] bool is_block_full() const;
    [[nodiscard]] bool is_segment_full() const;
    Result<void> open_segment(std::uint64_t now_wall_ns);
    Result<void> write(bool last, std::uint64_t now_wall_ns);
    void failed(const Error& error);

    std::string path_;
    bool is_directory_;
    SegmentLimits limits_;
    Fd lock_;
    RunStart start_;
    std::uint64_t next_number_ = 0;
    std::unique_ptr<SegmentFile> file_;
    BlockWriter block_;
    EventEncoder encoder_;
    std::string records_;
    std::uint64_t block_began_ns_ = 0;
    std::uint64_t segment_began_ns_ = 0;

    // The state that a new block begins with.
    std::map<std::uint32_t, std::string> namespaces_; // JSON
    std::map<std::uint32_t, PortsRecord> ports_;
    std::map<std::uint32_t, ConntrackRecord> conntrack_;
    std::optional<RunSample> last_;
    std::uint64_t now_ns_ = 0; // of the last event or sample
    std::uint64_t now_wall_ns_ = 0;
    std::uint64_t sample_written_ns_ = 0;
    bool has_events_ = false; // since the last sample

    std::uint64_t pending_events_ = 0; // in records_
    std::uint64_t pending_time_waits_ = 0;
    std::uint64_t written_events_ = 0;
    std::uint64_t written_bytes_ = 0;
    std::uint64_t unwritten_events_ = 0;
    std::uint64_t unwritten_ = 0;
    bool failing_ = false;
};

} // namespace twtrace
