#include "recording/recording_writer.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "recording/record_json.h"
#include "recording/varint.h"

namespace twtrace {

namespace {

constexpr std::uint64_t chunk_raw_bytes = 256U << 10U;
constexpr std::uint64_t block_raw_bytes = 4U << 20U;
constexpr std::uint64_t blocks_per_segment = 8; // at least
constexpr std::uint64_t second_ns = 1'000'000'000;
constexpr std::uint64_t longest_block_ns = 300 * second_ns;
constexpr std::uint64_t longest_silence_ns = 60 * second_ns;
constexpr std::uint64_t segments_per_age = 16;

bool same(const SockStat& a, const SockStat& b) {
    return a.inuse == b.inuse && a.time_wait == b.time_wait;
}

// The number of entries changes constantly; a change below one percent of the limit is ignored.
bool is_unchanged(const Conntrack& a, const Conntrack& b) {
    const std::uint64_t few = a.max_entries.value_or(0) / 100;
    const std::uint64_t before = a.entries.value_or(0);
    const std::uint64_t now = b.entries.value_or(0);
    return a.insert_failed == b.insert_failed && a.dropped == b.dropped &&
           a.max_entries == b.max_entries && a.forwards == b.forwards &&
           a.time_wait_s == b.time_wait_s && a.entries.has_value() == b.entries.has_value() &&
           std::max(before, now) - std::min(before, now) <= few;
}

} // namespace

Result<std::unique_ptr<RecordingWriter>>
RecordingWriter::open(const std::string& path, const SegmentLimits& limits, const RunStart& start) {
    std::error_code ignored;
    const bool is_directory = path.ends_with('/') || std::filesystem::is_directory(path, ignored);
    std::unique_ptr<RecordingWriter> writer(new RecordingWriter(path, is_directory, limits, start));
    if (is_directory) {
        auto lock = lock_directory(path);
        if (!lock)
            return tl::unexpected(lock.error());
        writer->lock_ = *std::move(lock);
        const auto segments = segments_in(path);
        writer->next_number_ = segments.empty() ? 1 : segments.back().number + 1;
    }
    writer->now_ns_ = start.start_ns;
    writer->now_wall_ns_ = start.start_wall_ns;
    if (auto opened = writer->open_segment(start.start_wall_ns); !opened)
        return tl::unexpected(opened.error());
    return writer;
}

Result<void> RecordingWriter::open_segment(std::uint64_t now_wall_ns) {
    std::string path = path_;
    if (is_directory_) {
        remove_oldest(path_, limits_, segment_bytes(limits_),
                      static_cast<std::int64_t>(now_wall_ns / second_ns));
        path = segment_path(path_, next_number_, now_wall_ns);
    }
    auto file = SegmentFile::create(path);
    if (!file)
        return tl::unexpected(file.error());
    ++next_number_;
    segment_began_ns_ = now_ns_;
    file_ = *std::move(file);
    return {};
}

void RecordingWriter::append(RecordKind kind, const std::string& json) {
    append_varint(records_, static_cast<std::uint64_t>(kind));
    append_varint(records_, json.size());
    records_ += json;
}

void RecordingWriter::begin_block_if_none() {
    if (block_.begun())
        return;
    encoder_.forget();
    block_.begin({start_.run, now_ns_, now_wall_ns_});
    block_began_ns_ = now_ns_;
    append_state();
}

void RecordingWriter::append_state() {
    append(RecordKind::Start, json_of(start_));
    for (const auto& [inode, json] : namespaces_)
        append(RecordKind::Namespace, json);
    for (const auto& [inode, record] : ports_)
        append(RecordKind::Ports, json_of(record));
    for (const auto& [inode, record] : conntrack_)
        append(RecordKind::Conntrack, json_of(record));
    if (last_)
        append_sample(RecordKind::Sample, *last_);
}

void RecordingWriter::event(const Event& event, std::uint64_t times) {
    const std::uint64_t count = times > 0 ? times : 1;
    const bool entry = event.type == EventType::TimeWait;
    begin_block_if_none();
    encoder_.append(records_, event, times);
    pending_events_ += count;
    pending_time_waits_ += entry ? count : 0;
    has_events_ = true;
    if (event.time_ns > now_ns_) {
        now_ns_ = event.time_ns;
        now_wall_ns_ = event.wall_ns;
    }
    if (records_.size() >= chunk_limit())
        flush(now_wall_ns_);
}

void RecordingWriter::netns(const NamespaceRecord& record) {
    begin_block_if_none(); // before the state changes: a new block begins with it
    std::string json = json_of(record);
    std::string& known = namespaces_[record.inode];
    if (known == json)
        return;
    append(RecordKind::Namespace, json);
    known = std::move(json);
}

void RecordingWriter::sockets(const std::vector<PresentSocket>& sockets) {
    begin_block_if_none();
    append(RecordKind::Sockets, json_of(sockets));
    if (records_.size() >= chunk_limit())
        flush(now_wall_ns_);
}

void RecordingWriter::checkpoint(std::uint64_t at_ns) {
    begin_block_if_none();
    append(RecordKind::Checkpoint, fmt::format("{{\"at_ns\":{}}}", at_ns));
}

void RecordingWriter::append_sample(RecordKind kind, const RunSample& sample) {
    append(kind, json_of(sample));
    sample_written_ns_ = sample.at_ns;
}

void RecordingWriter::sample(RunSample sample) {
    sample.inputs.unwritten = unwritten_;
    sample.unwritten_events = unwritten_events_;
    RunSample changed = sample;
    if (last_) {
        std::erase_if(changed.namespaces, [this](const auto& one) {
            const auto before = last_->namespaces.find(one.first);
            return before != last_->namespaces.end() && same(before->second, one.second);
        });
        for (const auto& [inode, count] : last_->namespaces)
            sample.namespaces.try_emplace(inode, count);
    }
    const bool has_changes = !last_ || has_events_ || !changed.namespaces.empty() ||
                             changed.inputs.kernel != last_->inputs.kernel ||
                             changed.inputs.captured != last_->inputs.captured ||
                             changed.inputs.lost != last_->inputs.lost ||
                             unwritten_events_ != last_->unwritten_events ||
                             sample.at_ns - sample_written_ns_ >= longest_silence_ns;
    now_ns_ = sample.at_ns;
    now_wall_ns_ = sample.wall_ns;
    if (has_changes) {
        begin_block_if_none();
        append_sample(RecordKind::Sample, changed);
    }
    has_events_ = false;
    last_ = std::move(sample);
}

void RecordingWriter::ports(const PortsRecord& record) {
    begin_block_if_none();
    PortsRecord& before = ports_[record.netns];
    PortsRecord now = record;
    std::swap(now.at_ns, before.at_ns);
    if (now == before && before.at_ns != 0) {
        before.at_ns = now.at_ns;
        return;
    }
    before = record;
    append(RecordKind::Ports, json_of(record));
}

void RecordingWriter::conntrack(const ConntrackRecord& record) {
    begin_block_if_none();
    const auto known = conntrack_.find(record.netns);
    if (known != conntrack_.end() && is_unchanged(known->second.counts, record.counts))
        return;
    conntrack_[record.netns] = record;
    append(RecordKind::Conntrack, json_of(record));
}

void RecordingWriter::end(RunSample last) {
    last.inputs.unwritten = unwritten_;
    last.unwritten_events = unwritten_events_;
    begin_block_if_none();
    append_sample(RecordKind::End, last);
    if (auto written = write(true, last.wall_ns); !written)
        failed(written.error());
}

// Both are sizes before compression.
std::uint64_t RecordingWriter::block_limit() const {
    return is_directory_ ? std::min(block_raw_bytes, segment_bytes(limits_) / blocks_per_segment)
                         : block_raw_bytes;
}

std::size_t RecordingWriter::chunk_limit() const {
    return static_cast<std::size_t>(std::min(chunk_raw_bytes, block_limit()));
}

bool RecordingWriter::is_block_full() const {
    return block_.raw_bytes() + records_.size() >= block_limit() ||
           now_ns_ - block_began_ns_ >= longest_block_ns;
}

// A block may exceed its limit by one chunk. If the next one might not fit, it goes to a new
// segment.
bool RecordingWriter::is_segment_full() const {
    if (!is_directory_ || !file_)
        return false;
    const std::uint64_t longest_ns = limits_.max_age_s * second_ns / segments_per_age;
    return file_->size() + block_limit() + chunk_limit() > segment_bytes(limits_) ||
           (longest_ns > 0 && now_ns_ - segment_began_ns_ >= longest_ns);
}

void RecordingWriter::flush(std::uint64_t now_wall_ns) {
    if (records_.empty())
        return;
    const bool last = is_block_full();
    if (auto written = write(last, now_wall_ns); !written) {
        failed(written.error());
        return;
    }
    if (failing_)
        spdlog::warn("the recording is written again; {} events could not be written",
                     unwritten_events_);
    failing_ = false;
    if (last && is_segment_full())
        file_.reset();
}

Result<void> RecordingWriter::write(bool last, std::uint64_t now_wall_ns) {
    if (!file_)
        if (auto opened = open_segment(now_wall_ns); !opened)
            return opened;
    const std::string_view chunk = block_.chunk(records_, last);
    if (auto appended = file_->append(chunk); !appended)
        return appended;
    written_bytes_ += chunk.size();
    written_events_ += pending_events_;
    pending_events_ = 0;
    pending_time_waits_ = 0;
    records_.clear();
    return {};
}

// The reader needs every chunk of a block up to its position, so the next chunk begins a new block.
void RecordingWriter::failed(const Error& error) {
    if (!failing_)
        spdlog::warn("{}; events are dropped and counted until there is space again",
                     error.message);
    failing_ = true;
    unwritten_events_ += pending_events_;
    unwritten_ += pending_time_waits_;
    pending_events_ = 0;
    pending_time_waits_ = 0;
    records_.clear();
    block_.abandon();
}

} // namespace twtrace
