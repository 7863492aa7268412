// A recording with any content: reading terminates, values stay within bounds, damaged parts are
// skipped, and a JSON record that is written again is read as the same record. The input is used
// once as the file and once as the records of a valid block, which checksums would otherwise
// protect.
#include <string>

#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "recording/block_writer.h"
#include "recording/file_reader.h"
#include "recording/record_json.h"

namespace {

using namespace twtrace;

// What is written for the record that visit_json() passes.
class Rewriter : public RecordVisitor {
  public:
    void start(const RunStart& start) override { text = json_of(start); }
    void netns(const NamespaceRecord& record) override { text = json_of(record); }
    void sockets(const std::vector<PresentSocket>& sockets) override { text = json_of(sockets); }
    void sample(const RunSample& sample) override { text = json_of(sample); }
    void ports(const PortsRecord& record) override { text = json_of(record); }
    void conntrack(const ConntrackRecord& record) override { text = json_of(record); }

    std::string text;
};

template <typename Record>
void check_rewriting(RecordKind kind, const Record& record) {
    const std::string text = json_of(record);
    Rewriter again;
    fuzz::require(visit_json(kind, text, again) && again.text == text);
}

class Checked : public RecordVisitor {
  public:
    void event(const Event& event) override {
        fuzz::require(!name_of(event.type).empty());
        fuzz::require(event.local.family == 0 || event.local.family == 4 ||
                      event.local.family == 6);
        if (event.owner != nullptr)
            bytes_ += event.owner->service.size();
        bytes_ += event.netns_name.size() + event.task.comm().size();
    }
    void counted(const Event& event, std::uint64_t /*times*/) override { Checked::event(event); }
    void start(const RunStart& start) override {
        bytes_ += start.host.size();
        check_rewriting(RecordKind::Start, start);
    }
    void netns(const NamespaceRecord& record) override {
        check_rewriting(RecordKind::Namespace, record);
        if (record.settings)
            bytes_ += record.settings->usable_ports();
    }
    void sockets(const std::vector<PresentSocket>& sockets) override {
        bytes_ += sockets.size();
        check_rewriting(RecordKind::Sockets, sockets);
    }
    void checkpoint(std::uint64_t at_ns) override { bytes_ += at_ns & 1U; }
    void sample(const RunSample& sample) override {
        bytes_ += sample.namespaces.size();
        check_rewriting(RecordKind::Sample, sample);
    }
    void ports(const PortsRecord& record) override {
        bytes_ += record.ports.size();
        check_rewriting(RecordKind::Ports, record);
    }
    void conntrack(const ConntrackRecord& record) override {
        bytes_ += record.counts.entries.value_or(0) & 1U;
        check_rewriting(RecordKind::Conntrack, record);
    }
    void end(const RunSample& last) override { sample(last); }

  private:
    std::uint64_t bytes_ = 0;
};

void read(const std::string& content) {
    static const int file = memfd_create("recording", MFD_CLOEXEC);
    fuzz::require(file >= 0 && ftruncate(file, 0) == 0);
    fuzz::require(pwrite(file, content.data(), content.size(), 0) ==
                  static_cast<ssize_t>(content.size()));
    auto reader = FileReader::open("/proc/self/fd/" + std::to_string(file));
    if (!reader)
        return;
    Checked visitor;
    for (auto kind = (*reader)->next_kind(); (*reader)->next(visitor);
         kind = (*reader)->next_kind())
        fuzz::require(kind.has_value());
    fuzz::require((*reader)->damaged_bytes() <= content.size() + max_raw_block_bytes);
    (*reader)->seek(1);
    (*reader)->next(visitor);
    (*reader)->seek_last();
    (*reader)->next(visitor);
}

std::string header() {
    FileHeader header{};
    std::memcpy(header.magic, file_magic, sizeof(file_magic));
    header.version = format_version;
    return {reinterpret_cast<const char*>(&header), sizeof(header)};
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes = fuzz::text_of(data, size);
    read(std::string(bytes));
    read(header() + std::string(bytes));
    static BlockWriter writer;
    writer.begin({1, 2, 3});
    const std::string file = header() + std::string(writer.chunk(bytes, false)) +
                             std::string(writer.chunk(bytes.substr(size / 2), true));
    read(file);
    return 0;
}
