#include "whatif/pool.h"

#include <algorithm>
#include <deque>

namespace twtrace::whatif {

Timeline::Timeline(const std::vector<Connection>& connections) {
    steps_.reserve(2 * connections.size());
    for (const Connection& one : connections) {
        steps_.push_back({one.open_ns, true});
        steps_.push_back({std::max(one.open_ns + 1, one.close_ns), false});
    }
    std::sort(steps_.begin(), steps_.end());
}

std::uint64_t Timeline::most_open() const {
    std::uint64_t open = 0;
    std::uint64_t most = 0;
    for (const Step& step : steps_) {
        open = step.opens ? open + 1 : open - (open > 0 ? 1 : 0);
        most = std::max(most, open);
    }
    return most;
}

PoolResult Timeline::play(const Pool& pool) const {
    PoolResult result;
    std::deque<std::uint64_t> idle_since; // the one that was used last is at the back
    std::uint64_t in_use = 0;
    for (const Step& step : steps_) {
        while (!idle_since.empty() && step.at_ns - idle_since.front() >= pool.idle_ns) {
            idle_since.pop_front();
            ++result.expired;
        }
        if (!step.opens) {
            in_use -= in_use > 0 ? 1 : 0;
            if (idle_since.size() < pool.idle_connections)
                idle_since.push_back(step.at_ns);
            else
                ++result.full;
            continue;
        }
        ++in_use;
        if (idle_since.empty()) {
            ++result.opened;
        } else {
            idle_since.pop_back();
            ++result.reused;
        }
        result.most_open = std::max<std::uint64_t>(result.most_open, in_use + idle_since.size());
    }
    return result;
}

} // namespace twtrace::whatif
