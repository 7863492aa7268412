#include "app/commands.h"

namespace twtrace {

Result<void> run_top(const Options& /*options*/) {
    return fail("top is not built yet");
}

} // namespace twtrace
