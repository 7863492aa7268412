#include "decode/settle.h"

#include <algorithm>

namespace twtrace {

namespace {

bool is_same_socket(const Event& a, const Event& b) {
    return a.time_ns == b.time_ns && a.netns == b.netns && a.local_port == b.local_port &&
           a.remote_port == b.remote_port && a.local == b.local && a.remote == b.remote;
}

} // namespace

bool Settle::convert(const Event& retraction) {
    const auto found = std::find_if(waiting_.rbegin(), waiting_.rend(), [&](const Event& event) {
        return may_be_retracted(event) && is_same_socket(event, retraction);
    });
    if (found == waiting_.rend())
        return false;
    *found = retraction;
    found->retracts = false; // nothing left to take back
    return true;
}

} // namespace twtrace
