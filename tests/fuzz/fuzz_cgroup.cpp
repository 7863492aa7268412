// Names from cgroup paths, which any user with mkdir permission in a delegated cgroup can choose,
// and the files of /proc that lead to them.
#include <string>

#include "attribute/cgroup_path.h"
#include "attribute/proc_text.h"
#include "attribute/service_name.h"
#include "fuzz.h"

namespace {

using namespace twtrace;
using namespace twtrace::fuzz;

// "All fields are printable ASCII and bounded."
void check(const std::string& name, std::size_t longest) {
    require(name.size() <= longest);
    for (const char byte : name)
        require(byte >= 0x20 && byte < 0x7f);
}

void check_names(std::string_view path) {
    const CgroupName name = name_cgroup(path);
    check(name.unit, 255);
    check(name.container, 64);
    check(name.pod, 64);
    check(name.runtime, 255);
    require(pick_service(name, "comm") == pick_service(name, "comm"));
    require(!pick_service(name, "comm").empty());
    require(name_cgroup(path) == name);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = text_of(data, size);
    check_names(text);
    if (const auto path = choose_cgroup_path(text))
        check_names(*path);
    (void)parse_mountinfo(text);
    (void)parse_start_ticks(text);
    return 0;
}
