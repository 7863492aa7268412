// Whether this is a build with a sanitizer.
#pragma once

namespace twtrace {

// The sanitizers' threads and final checks make system calls that twtrace does not make.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool sanitized = true;
#elif defined(__has_feature)
inline constexpr bool sanitized = __has_feature(address_sanitizer);
#else
inline constexpr bool sanitized = false;
#endif

} // namespace twtrace
