// Command line in, everything done, or the error that main() prints.
#pragma once

#include "util/result.h"

namespace twtrace {

/// The exit status where nothing went wrong.
Result<ExitCode> run(int argc, const char* const* argv);

} // namespace twtrace
