#include "util/version.h"

#include <sys/utsname.h>

#include <bpf/libbpf.h>
#include <fmt/format.h>

#include "util/version_number.h"

namespace twtrace {

std::string version_text() {
    utsname kernel{};
    const bool known = uname(&kernel) == 0;
    return fmt::format("twtrace {} (libbpf {}.{}, Linux {})", TWTRACE_RELEASE,
                       libbpf_major_version(), libbpf_minor_version(),
                       known ? kernel.release : "-");
}

} // namespace twtrace
