#include "app/host_survey.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

#include <spdlog/spdlog.h>

#include "account/namespaces.h"
#include "attribute/attributor.h"
#include "attribute/net_text.h"
#include "attribute/proc_text.h"
#include "util/cpu_time.h"
#include "util/file.h"
#include "util/thread.h"

namespace twtrace {

namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

// The tables of a router may be larger: only a part is read.
constexpr std::size_t max_fib_bytes = std::size_t{4} << 20;
constexpr std::size_t max_stat_bytes = 4096;
constexpr std::uint64_t pause_per_cost = 200;          // half a percent of the time
constexpr std::uint64_t pause_per_cost_requested = 50; // two percent

std::vector<Address> addresses_of(const std::string& net) {
    std::vector<Address> all =
        parse_fib_trie(read_file(net + "/fib_trie", max_fib_bytes).value_or(""));
    for (const Address& address : parse_if_inet6(read_file(net + "/if_inet6").value_or("")))
        all.push_back(address);
    return all;
}

// The owner of a namespace that was created for a container or a pod; the containers of a pod share
// one.
std::string owner_of(const std::string& process, Attributor& attributor) {
    Event event;
    event.task.pid = static_cast<std::uint32_t>(std::stoul(process.substr(process.rfind('/') + 1)));
    const auto stat = read_text(process + "/stat", max_stat_bytes);
    const auto ticks = stat ? parse_start_ticks(*stat) : std::nullopt;
    if (!ticks)
        return {};
    event.task.start_boottime_ns = start_boottime_ns_of(*ticks);
    attributor.attribute(event);
    const Owner& owner = *event.owner;
    if (!owner.pod.empty())
        return ContainerNames{"", owner.pod, owner.pod_namespace, owner.workload}.service();
    return owner.container.empty() ? std::string() : owner.service;
}

} // namespace

std::shared_ptr<const HostServices> survey_host(const std::string& root, ListenerLists& lists) {
    Attributor attributor(AttributeOptions{.root = root});
    std::map<std::uint32_t, HostServices::Space> spaces;
    std::vector<std::uint32_t> inodes;
    for (const auto& [netns, process] : find_namespaces()) {
        HostServices::Space& space = spaces[netns];
        const std::string net = process + "/net";
        space.addresses = addresses_of(net);
        lists.add(netns, process, space.listeners);
        space.listeners.append_inodes(inodes);
        space.owner = owner_of(process, attributor);
    }
    ListenerOwners owners(inodes, root);
    auto services = std::make_shared<HostServices>();
    for (auto& [netns, space] : spaces) {
        std::vector<std::uint32_t> own;
        space.listeners.append_inodes(own);
        for (const std::uint32_t inode : own)
            if (const auto* process = owners.find(inode))
                space.services[inode] = process->owner.service;
        services->add(netns, std::move(space));
    }
    return services;
}

HostSurvey::HostSurvey(std::string root) : root_(std::move(root)) {}

void HostSurvey::begin() {
    auto thread = start_thread([this] { work(); });
    if (thread)
        thread_ = *std::move(thread);
    else
        spdlog::warn("remote services stay unknown: {}", thread.error().message);
}

HostSurvey::~HostSurvey() {
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    stopped_.notify_all();
    if (thread_.joinable())
        thread_.join();
}

void HostSurvey::work() {
    ListenerLists lists;
    std::uint64_t cost_ns = 0;
    do {
        const std::uint64_t start_ns = thread_cpu_now_ns();
        box_->put(survey_host(root_, lists));
        cost_ns = thread_cpu_now_ns() - start_ns + lists.take_cpu_ns();
    } while (sleep(cost_ns));
}

// False: to be stopped.
bool HostSurvey::sleep(std::uint64_t cost_ns) {
    const auto start = std::chrono::steady_clock::now();
    const auto soonest =
        start + std::max<nanoseconds>(seconds(1), nanoseconds(cost_ns * pause_per_cost_requested));
    const auto latest =
        start + std::max<nanoseconds>(seconds(5), nanoseconds(cost_ns * pause_per_cost));
    std::unique_lock lock(mutex_);
    if (stopped_.wait_until(lock, soonest, [this] { return stop_; }))
        return false;
    // Without events no new survey is needed.
    const auto due = [&](std::chrono::steady_clock::time_point now) {
        return box_->take_request() || (now >= latest && box_->take_used());
    };
    for (auto now = soonest; !due(now); now += seconds(1))
        if (stopped_.wait_until(lock, now + seconds(1), [this] { return stop_; }))
            return false;
    return true;
}

} // namespace twtrace
