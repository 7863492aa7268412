#include "recording/file_reader.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <zstd.h>

#include "recording/checksum.h"
#include "recording/record_json.h"
#include "recording/varint.h"
#include "util/reason.h"
#include "util/text.h"

namespace twtrace {

namespace {

constexpr int largest_window_log = 23;
constexpr std::size_t scanned_at_once = 256U << 10U;
constexpr std::uint64_t scan_below_bytes = 512U << 10U; // a block or two

// Returns fewer bytes than wanted at the end of the file.
std::size_t read_at(const Fd& file, const std::string& path, std::uint64_t offset, char* into,
                    std::size_t size) {
    std::size_t done = 0;
    while (done < size) {
        const ssize_t got =
            pread(file.get(), into + done, size - done, static_cast<off_t>(offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            throw ReadError(fmt::format("cannot read {}: {}", printable(path), reason(errno)));
        if (got == 0)
            break;
        done += static_cast<std::size_t>(got);
    }
    return done;
}

} // namespace

void FileReader::Free::operator()(ZSTD_DCtx_s* context) const {
    ZSTD_freeDCtx(context);
}

FileReader::FileReader(Fd file, std::string path, std::uint64_t size)
    : file_(std::move(file)), path_(std::move(path)), size_(size), context_(ZSTD_createDCtx()) {
    if (!context_)
        throw std::bad_alloc();
    ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, largest_window_log);
}

Result<std::unique_ptr<FileReader>> FileReader::open(const std::string& path) {
    Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat status {};
    if (!file || fstat(file.get(), &status) != 0)
        return fail(fmt::format("cannot read {}: {}", printable(path), reason(errno)));
    if (!S_ISREG(status.st_mode))
        return fail(fmt::format("cannot read {}: it is neither a file nor a directory that "
                                "`twtrace record` wrote",
                                printable(path)));
    FileHeader header{};
    const std::size_t got =
        read_at(file, path, 0, reinterpret_cast<char*>(&header), sizeof(header));
    if (got != sizeof(header) || std::memcmp(header.magic, file_magic, sizeof(file_magic)) != 0)
        return fail(fmt::format("{} is not a recording; `twtrace record -o FILE` writes one",
                                printable(path)));
    if (header.version < oldest_version || header.version > format_version)
        return fail(fmt::format("{} has version {} of the format, and this twtrace reads versions "
                                "up to {}; use a newer twtrace",
                                printable(path), header.version, format_version));
    return std::unique_ptr<FileReader>(
        new FileReader(std::move(file), path, static_cast<std::uint64_t>(status.st_size)));
}

std::uint64_t FileReader::size_now() {
    struct stat status {};
    if (fstat(file_.get(), &status) == 0)
        size_ = static_cast<std::uint64_t>(status.st_size);
    return size_;
}

FileReader::Found FileReader::chunk_at(std::uint64_t offset, Chunk& chunk) {
    ChunkHeader& header = chunk.header;
    chunk.offset = offset;
    if (offset >= size_)
        return Found::End;
    const std::size_t got =
        read_at(file_, path_, offset, reinterpret_cast<char*>(&header), sizeof(header));
    if (got < sizeof(header))
        return Found::Cut;
    if ((header.magic != first_chunk_magic && header.magic != next_chunk_magic) ||
        header.size > max_chunk_bytes || header.raw_size > max_raw_chunk_bytes ||
        (chunk.is_first() && header.size < sizeof(BlockHeader)))
        return Found::Damaged;
    read_.resize(header.size);
    if (read_at(file_, path_, offset + sizeof(header), read_.data(), read_.size()) < read_.size())
        return Found::Cut;
    if (checksum_of(header, read_) != header.checksum)
        return Found::Damaged;
    chunk.content = read_;
    if (chunk.is_first()) {
        std::memcpy(&chunk.block, read_.data(), sizeof(chunk.block));
        chunk.content.remove_prefix(sizeof(chunk.block));
    }
    return Found::Chunk;
}

// The first block whose first chunk begins at or after the offset.
std::optional<FileReader::Chunk> FileReader::block_from(std::uint64_t offset) {
    std::string window;
    while (offset < size_) {
        window.resize(scanned_at_once);
        window.resize(read_at(file_, path_, offset, window.data(), window.size()));
        if (window.size() < sizeof(first_chunk_magic))
            break;
        const std::string_view magic(reinterpret_cast<const char*>(&first_chunk_magic),
                                     sizeof(first_chunk_magic));
        for (auto at = window.find(magic); at != std::string::npos;
             at = window.find(magic, at + 1)) {
            Chunk chunk;
            if (chunk_at(offset + at, chunk) == Found::Chunk)
                return chunk;
        }
        offset += window.size() - (sizeof(first_chunk_magic) - 1);
    }
    return std::nullopt;
}

void FileReader::go_to(std::uint64_t offset) {
    offset_ = offset;
    in_block_ = false;
    records_ = {};
}

std::optional<std::uint64_t> FileReader::begin_wall_ns() {
    const auto block = block_from(sizeof(FileHeader));
    return block ? std::optional(block->block.begin_wall_ns) : std::nullopt;
}

void FileReader::seek(std::uint64_t wall_ns) {
    std::uint64_t low = sizeof(FileHeader);
    std::uint64_t high = size_now();
    while (high - low > scan_below_bytes) {
        const std::uint64_t middle = low + (high - low) / 2;
        const auto block = block_from(middle);
        if (!block || block->offset >= high || block->block.begin_wall_ns > wall_ns)
            high = middle;
        else
            low = block->offset;
    }
    // Scan the few remaining ones.
    std::uint64_t last = low;
    for (auto block = block_from(low); block && block->block.begin_wall_ns <= wall_ns;
         block = block_from(block->end()))
        last = block->offset;
    go_to(last);
}

void FileReader::seek_last() {
    const std::uint64_t size = size_now();
    std::uint64_t last = sizeof(FileHeader);
    for (std::uint64_t back = scan_below_bytes;; back *= 4) {
        const std::uint64_t from = size > back + last ? size - back : sizeof(FileHeader);
        for (auto block = block_from(from); block; block = block_from(block->end()))
            last = block->offset;
        if (last > sizeof(FileHeader) || from == sizeof(FileHeader))
            break;
    }
    go_to(last);
}

bool FileReader::unpack(const Chunk& chunk) {
    if (chunk.is_first()) {
        ZSTD_DCtx_reset(context_.get(), ZSTD_reset_session_only);
        decoder_.forget();
        block_raw_ = 0;
    }
    block_raw_ += chunk.header.raw_size;
    if (block_raw_ > max_raw_block_bytes)
        return false;
    unpacked_.resize(chunk.header.raw_size + max_packed_event_bytes);
    records_ = std::string_view(unpacked_).substr(0, chunk.header.raw_size);
    ZSTD_inBuffer in{chunk.content.data(), chunk.content.size(), 0};
    ZSTD_outBuffer out{unpacked_.data(), records_.size(), 0};
    while (in.pos < in.size) {
        const std::size_t before = in.pos + out.pos;
        if (ZSTD_isError(ZSTD_decompressStream(context_.get(), &out, &in)) != 0 ||
            in.pos + out.pos == before)
            break;
    }
    return in.pos == in.size && out.pos == records_.size();
}

// False: end of file.
bool FileReader::read_chunk() {
    while (true) {
        Chunk chunk;
        Found found = chunk_at(offset_, chunk);
        if (found == Found::End)
            return false;
        const bool fits = found == Found::Chunk && (chunk.is_first() || in_block_);
        if (fits && unpack(chunk)) {
            in_block_ = true;
            offset_ = chunk.end();
            return true;
        }
        in_block_ = false;
        records_ = {};
        const auto block = block_from(offset_ + 1);
        if (!block && found == Found::Cut) { // no block follows, so its length is not damaged
            cut_ = true;
            return false;
        }
        const std::uint64_t next = block ? block->offset : size_;
        damaged_ += next - offset_;
        offset_ = next;
    }
}

bool FileReader::pass_on(RecordVisitor& visitor) {
    ByteReader reader(records_);
    const auto kind = static_cast<RecordKind>(reader.varint());
    const std::string_view body = reader.bytes(reader.varint());
    if (!reader.ok())
        return false;
    records_.remove_prefix(records_.size() - reader.left());
    switch (kind) {
    case RecordKind::PackedEvent:
    case RecordKind::Event:
    case RecordKind::Counted: {
        std::uint64_t times = 0;
        if (!decoder_.decode(kind, body, event_, times))
            return false;
        if (times == 0)
            visitor.event(event_);
        else
            visitor.counted(event_, times);
        return true;
    }
    case RecordKind::Address:
    case RecordKind::Task:
    case RecordKind::Owner:
    case RecordKind::Text:
    case RecordKind::Context:
    case RecordKind::Clock:
        return decoder_.learn(kind, body);
    default:
        if (kind >= RecordKind::Start && kind <= RecordKind::Conntrack &&
            !visit_json(kind, body, visitor))
            damaged_ += body.size();
        return true;
    }
}

bool FileReader::has_record() {
    while (records_.empty())
        if (!read_chunk())
            return false;
    return true;
}

std::optional<RecordKind> FileReader::next_kind() {
    if (!has_record())
        return std::nullopt;
    return static_cast<RecordKind>(ByteReader(records_).varint());
}

bool FileReader::next(RecordVisitor& visitor) {
    if (!has_record())
        return false;
    if (!pass_on(visitor)) { // the rest of the block can't be trusted
        damaged_ += records_.size();
        go_to(offset_);
    }
    return true;
}

} // namespace twtrace
