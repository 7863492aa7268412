#include "decode/retraction_window.h"

#include <algorithm>
#include <iterator>

namespace twtrace {

namespace {

bool is_same_socket(const Event& a, const Event& b) {
    return a.time_ns == b.time_ns && a.netns == b.netns && a.local_port == b.local_port &&
           a.remote_port == b.remote_port && a.local == b.local && a.remote == b.remote;
}

} // namespace

bool RetractionWindow::convert(const Event& retraction) {
    const auto found = std::find_if(waiting_.rbegin(), waiting_.rend(), [&](const Event& event) {
        return may_be_retracted(event) && is_same_socket(event, retraction);
    });
    if (found == waiting_.rend())
        return false;
    *found = retraction;
    found->retracts = false; // nothing left to retract
    return true;
}

// A hand-over precedes later events of its minisock, or of another one.
void RetractionWindow::insert(const Event& event) {
    auto at = waiting_.end();
    if (event.type == EventType::TimeWait)
        while (at != waiting_.begin() && std::prev(at)->of_minisock() &&
               std::prev(at)->time_ns > event.time_ns)
            --at;
    waiting_.insert(at, event);
}

} // namespace twtrace
