#include "app/commands.h"

namespace twtrace {

Result<void> run_doctor(const Options& /*options*/) {
    return fail("doctor is not built yet");
}

} // namespace twtrace
