#include "whatif/pool.h"

#include <algorithm>
#include <unordered_map>

namespace twtrace::whatif {

namespace {

constexpr std::uint64_t second_ns = 1'000'000'000;

// For one process: the times since which its connections are idle. The most recently used one is at
// the back.
using Idle = std::vector<std::uint64_t>;

} // namespace

Timeline::Timeline(const std::vector<Connection>& connections) {
    steps_.reserve(2 * connections.size());
    std::unordered_map<std::uint32_t, std::uint32_t> index;
    for (const Connection& one : connections) {
        const auto number = static_cast<std::uint32_t>(processes_.size());
        const auto [found, is_new] = index.try_emplace(one.process, number);
        if (is_new)
            processes_.emplace_back();
        const std::uint32_t process = found->second;
        several_ = ++processes_[process].connections > 1 || several_;
        steps_.push_back({one.open_ns, process, true, false});
        steps_.push_back({std::max(one.open_ns + 1, one.close_ns), process, false, !one.is_lost});
    }
    std::sort(steps_.begin(), steps_.end());
    find_ends();
}

// A process without further activity has ended if a younger process does the same.
void Timeline::find_ends() {
    std::uint64_t youngest_ns = 0;
    for (std::size_t at = 0; at < steps_.size(); ++at) {
        Process& process = processes_[steps_[at].process];
        const std::uint64_t at_ns = steps_[at].at_ns;
        if (process.first_ns == 0) {
            process.first_ns = process.last_ns = at_ns;
            youngest_ns = at_ns;
        }
        process.longest_gap_ns = std::max(process.longest_gap_ns, at_ns - process.last_ns);
        process.last_ns = at_ns;
        process.last_step = at;
    }
    for (Process& process : processes_)
        process.is_over =
            process.last_ns < youngest_ns &&
            steps_.back().at_ns - process.last_ns > std::max(second_ns, 2 * process.longest_gap_ns);
}

std::uint64_t Timeline::max_open() const {
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
    std::vector<Idle> idle_of(processes_.size());
    std::uint64_t open = 0;
    for (std::size_t at = 0; at < steps_.size(); ++at) {
        const Step& step = steps_[at];
        Idle& idle = idle_of[step.process];
        const auto young = std::find_if(idle.begin(), idle.end(), [&](std::uint64_t since_ns) {
            return step.at_ns - since_ns < pool.idle_ns;
        });
        result.expired += static_cast<std::uint64_t>(young - idle.begin());
        open -= static_cast<std::uint64_t>(young - idle.begin());
        idle.erase(idle.begin(), young);
        if (step.opens && idle.empty()) {
            ++result.opened;
            ++open;
        } else if (step.opens) {
            ++result.reused;
            idle.pop_back();
        } else if (step.returns && idle.size() < pool.idle_connections) {
            idle.push_back(step.at_ns);
        } else {
            result.full += step.returns ? 1 : 0;
            --open;
        }
        result.max_open = std::max(result.max_open, open);
        const Process& process = processes_[step.process];
        if (process.is_over && process.last_step == at) {
            result.ended += idle.size();
            open -= idle.size();
            idle.clear();
        }
    }
    return result;
}

} // namespace twtrace::whatif
