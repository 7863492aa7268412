#include "app/commands.h"

namespace twtrace {

Result<void> run_exporter(const Options& /*options*/) {
    return fail("exporter is not built yet");
}

} // namespace twtrace
