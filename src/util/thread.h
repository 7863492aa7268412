// Starts a thread, or returns an error.
#pragma once

#include <functional>
#include <system_error>
#include <thread>
#include <utility>

#include "util/result.h"

namespace twtrace {

/// std::thread throws if the system cannot create another thread.
inline Result<std::thread> start_thread(std::function<void()> work) {
    try {
        return std::thread(std::move(work));
    } catch (const std::system_error& error) {
        return fail(std::string("cannot start a thread: ") + error.code().message() +
                    "; raise the limit on processes (ulimit -u, TasksMax=) or on memory");
    }
}

} // namespace twtrace
