// Programs relocated against a slice of the kernel's types equal those relocated against all types.

#include <filesystem>
#include <memory>
#include <set>
#include <string>

#include <bpf/libbpf.h>
#include <unistd.h>

#include "catch2.h"
#include "command.h"
#include "tracer.h"

using namespace live;

namespace {

// Hashes of the loaded instructions, without the numbers of maps (kernel/bpf/core.c,
// bpf_prog_calc_tag()).
std::set<std::string> program_tags(pid_t pid) {
    std::set<std::string> tags;
    const std::string directory = "/proc/" + std::to_string(pid) + "/fdinfo";
    for (const auto& entry : std::filesystem::directory_iterator(directory)) {
        for (const std::string& line : lines_of(read_file(entry.path()))) {
            if (line.rfind("prog_tag:", 0) == 0) {
                tags.insert(line);
            }
        }
    }
    return tags;
}

} // namespace

TEST_CASE("relocation: a slice of the kernel's types gives the same programs as all types",
          "[relocation]") {
    if (!can_trace()) {
        return;
    }
    Tracer tracer({"trace"});
    const std::set<std::string> sliced = program_tags(tracer.command().pid());
    const std::string err = tracer.command().err();
    INFO(err);
    CHECK(err.find("all of the kernel's types") == std::string::npos);
    CHECK(sliced.size() == 5);
    const std::unique_ptr<bpf_object, void (*)(bpf_object*)> whole(
        bpf_object__open_file(TWTRACE_BPF_OBJECT, nullptr), bpf_object__close);
    REQUIRE(whole != nullptr);
    REQUIRE(bpf_object__load(whole.get()) == 0);
    CHECK(program_tags(getpid()) == sliced);
}
