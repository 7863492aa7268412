// Why a system call failed, and what the user can do about it.
#pragma once

#include <string>

namespace twtrace {

/// "Too many open files; raise the limit ...": the advice is for errors that do not depend on what
/// was being done.
std::string reason(int error);

} // namespace twtrace
