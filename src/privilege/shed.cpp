#include "privilege/shed.h"

#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include "privilege/capabilities.h"
#include "privilege/landlock.h"
#include "privilege/sanitized.h"
#include "privilege/system_calls.h"

namespace twtrace {

void shed_privileges(const Duties& duties) {
    const auto kept = keep_capabilities(duties);
    if (kept)
        spdlog::info("capabilities kept: {}",
                     kept->empty() ? "none" : fmt::format("{}", fmt::join(*kept, ", ")));
    else
        spdlog::info("{}", kept.error().message);
    if (duties.confined) {
        const auto confined = confine_to_files(duties);
        spdlog::info("{}", confined ? "files confined by Landlock" : confined.error().message);
    }
    if (sanitized)
        return;
    const auto limited = limit_system_calls(duties);
    spdlog::info("{}", limited ? "system calls limited by seccomp" : limited.error().message);
}

} // namespace twtrace
