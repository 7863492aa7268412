#include "catch2.h"

#include <string>

#include "attribute/proc_text.h"
#include "attribute/process_text.h"
#include "fake_files.h"

using namespace twtrace;
using namespace twtrace::test;

namespace {

constexpr std::uint64_t second_ns = 1'000'000'000;

std::string stat_of(std::uint64_t start_ticks) {
    std::string text = "7 (a ) name) S";
    for (int field = 4; field < 22; ++field)
        text += " 1";
    return text + " " + std::to_string(start_ticks) + " 0 0";
}

} // namespace

TEST_CASE("process text: the arguments, with spaces between them") {
    const FakeFiles proc;
    const std::uint64_t start_ns = 5000 * ns_per_tick() + 3;
    proc.write("/7/stat", stat_of(5000));
    proc.write("/7/cmdline", std::string("python3\0-m\0http.server\0", 23));
    CHECK(read_cmdline(7, start_ns, proc.path()) == "python3 -m http.server");
    proc.write("/7/cmdline", "sh\x1b[2J\n-c");
    CHECK(read_cmdline(7, start_ns, proc.path()) == "sh?[2J?-c");
    CHECK(read_cmdline(7, start_ns + second_ns, proc.path()).empty()); // the pid was reused
    CHECK(read_cmdline(8, start_ns, proc.path()).empty());
    CHECK(read_cmdline(0, start_ns, proc.path()).empty());
    proc.write("/7/cmdline", ""); // a kernel thread or a zombie
    CHECK(read_cmdline(7, start_ns, proc.path()).empty());
    proc.write("/7/cmdline", std::string(max_cmdline_bytes, 'x'));
    CHECK(read_cmdline(7, start_ns, proc.path()) == std::string(max_cmdline_bytes, 'x'));
    proc.write("/7/cmdline", std::string(10'000, 'x'));
    const std::string cut = read_cmdline(7, start_ns, proc.path());
    CHECK(cut.size() == max_cmdline_bytes);
    CHECK(cut.ends_with("x..."));
}

TEST_CASE("process text: a parent that has ended is known to its children for a while") {
    const FakeFiles proc;
    ParentNames parents(proc.path());
    proc.write("/7/comm", "bash\n");
    CHECK(parents.name_of(7, second_ns) == "bash");
    CHECK(parents.name_of(8, second_ns).empty());
    CHECK(parents.name_of(0, second_ns).empty());
    proc.write("/7/comm", "cron\n");
    CHECK(parents.name_of(7, second_ns + 1) == "bash");
    CHECK(parents.name_of(7, 3 * second_ns) == "cron");
    proc.remove("/7/comm");
    CHECK(parents.name_of(7, 6 * second_ns) == "cron");
}

TEST_CASE(
    "parent names: a name that the kernel cut off is completed from the script in the arguments") {
    const FakeFiles proc;
    ParentNames parents(proc.path());
    proc.write("/7/comm", "check_backend.s\n");
    proc.write("/7/cmdline", std::string("/bin/bash\0/opt/check_backend.sh\0--all\0", 38));
    CHECK(parents.name_of(7, second_ns) == "check_backend.sh");
    proc.write("/8/comm", "fifteen-letters\n");
    proc.write("/8/cmdline", std::string("other\0", 6));
    CHECK(parents.name_of(8, second_ns) == "fifteen-letters");
}
