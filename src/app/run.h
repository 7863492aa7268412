// Command line in, everything done, or the error that main() prints.
#pragma once

#include "util/result.h"

namespace twtrace {

Result<void> run(int argc, const char* const* argv);

} // namespace twtrace
