#include "decode/retraction_window.h"

#include <utility>

namespace twtrace {

namespace {

bool is_same_socket(const Event& a, const Event& b) {
    return a.time_ns == b.time_ns && a.netns == b.netns && a.local_port == b.local_port &&
           a.remote_port == b.remote_port && a.local == b.local && a.remote == b.remote;
}

} // namespace

bool RetractionWindow::convert(const Event& retraction) {
    for (std::size_t index = waiting_.size(); index > 0; --index) {
        Event& event = waiting_[index - 1];
        if (!may_be_retracted(event) || !is_same_socket(event, retraction))
            continue;
        event = retraction;
        event.retracts = false; // nothing left to retract
        return true;
    }
    return false;
}

// An entry precedes later events of its minisock, or of another one.
void RetractionWindow::insert(const Event& event) {
    waiting_.push_back(event);
    if (event.type != EventType::TimeWait)
        return;
    for (std::size_t index = waiting_.size() - 1; index > 0; --index) {
        Event& before = waiting_[index - 1];
        if (!before.of_minisock() || before.time_ns <= event.time_ns)
            break;
        std::swap(before, waiting_[index]);
    }
}

} // namespace twtrace
