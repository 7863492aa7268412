// Result<T>: a value, or an Error whose message says in one line what failed, why, and what to do.
#pragma once

#include <string>
#include <utility>

#include <tl/expected.hpp>

namespace twtrace {

/// Exit status of the program (../docs: "Exit status").
enum class ExitCode { Ok = 0, Failure = 1, Usage = 2, Findings = 3, BudgetExceeded = 4 };

struct Error {
    std::string message; ///< "what: why; what to do", without a trailing newline
    ExitCode exit_code = ExitCode::Failure;
};

template <typename T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(std::string message, ExitCode code = ExitCode::Failure) {
    return tl::unexpected<Error>(Error{std::move(message), code});
}

/// Prefixes the message with what was being done.
inline tl::unexpected<Error> in_context(const std::string& what, Error error) {
    error.message = what + ": " + error.message;
    return tl::unexpected<Error>(std::move(error));
}

} // namespace twtrace
