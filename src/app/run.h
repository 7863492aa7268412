// Runs a command line, and returns the error that main() prints.
#pragma once

#include "util/result.h"

namespace twtrace {

/// The exit status, if there was no error.
Result<ExitCode> run(int argc, const char* const* argv);

} // namespace twtrace
