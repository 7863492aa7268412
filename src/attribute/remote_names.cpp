#include "attribute/remote_names.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include <netdb.h>
#include <netinet/in.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include "attribute/lru_cache.h"
#include "model/address_hash.h"
#include "util/thread.h"

namespace twtrace {

namespace {

constexpr std::uint64_t second_ns = 1'000'000'000;
constexpr std::uint64_t name_ns = 600 * second_ns;
constexpr std::uint64_t failure_ns = 60 * second_ns;
constexpr std::size_t max_kept = 8192;
constexpr std::size_t max_waiting = 1024;

std::uint64_t steady_now_ns() {
    return static_cast<std::uint64_t>(
        std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count());
}

// The name is untrusted: the owner of the address chooses it.
bool is_host_name(const std::string& name) {
    return !name.empty() && name.size() <= 253 && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.';
    });
}

std::string ask_system(const Address& address) {
    sockaddr_storage storage{};
    socklen_t length = 0;
    if (address.family == 4) {
        auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
        v4->sin_family = AF_INET;
        std::memcpy(&v4->sin_addr, address.bytes.data(), sizeof v4->sin_addr);
        length = sizeof *v4;
    } else {
        auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
        v6->sin6_family = AF_INET6;
        std::memcpy(&v6->sin6_addr, address.bytes.data(), sizeof v6->sin6_addr);
        length = sizeof *v6;
    }
    std::array<char, NI_MAXHOST> host{};
    const int error = getnameinfo(reinterpret_cast<const sockaddr*>(&storage), length, host.data(),
                                  host.size(), nullptr, 0, NI_NAMEREQD);
    return error == 0 ? std::string(host.data()) : std::string();
}

} // namespace

struct RemoteNames::State {
    struct Known {
        std::string name; ///< empty: the address has no name
        bool waits = true;
        std::uint64_t until_ns = 0;
    };
    Ask ask;
    Now now_ns;
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<Address> waiting;
    LruCache<Address, Known, AddressHash> known{max_kept};
    bool ended = false;

    std::optional<Address> next() {
        std::unique_lock lock(mutex);
        changed.wait(lock, [this] { return ended || !waiting.empty(); });
        if (ended)
            return std::nullopt;
        const Address address = waiting.front();
        waiting.pop_front();
        return address;
    }
    void answer(const Address& address, std::string name) {
        if (!is_host_name(name))
            name.clear();
        const std::uint64_t until_ns = now_ns() + (name.empty() ? failure_ns : name_ns);
        const std::lock_guard lock(mutex);
        known.put(address, {std::move(name), false, until_ns});
    }
};

RemoteNames::RemoteNames(Ask ask, Now now_ns) : state_(std::make_shared<State>()) {
    state_->ask = ask ? std::move(ask) : ask_system;
    state_->now_ns = now_ns ? std::move(now_ns) : steady_now_ns;
}

void RemoteNames::begin() {
    started_ = true;
    auto thread = start_thread([state = state_] {
        while (const auto address = state->next())
            state->answer(*address, state->ask(*address));
    });
    if (thread)
        thread->detach(); // a server that does not answer must not delay the exit
    else
        spdlog::warn("remote addresses are shown without names: {}", thread.error().message);
}

RemoteNames::~RemoteNames() {
    const std::lock_guard lock(state_->mutex);
    state_->ended = true;
    state_->changed.notify_all();
}

void RemoteNames::find(const Address& address, std::string& name) {
    name.clear();
    if (address.family == 0)
        return;
    const std::uint64_t now_ns = state_->now_ns();
    const std::lock_guard lock(state_->mutex);
    State::Known* known = state_->known.find(address);
    if (known != nullptr)
        name = known->name;
    const bool fresh = known != nullptr && (known->waits || now_ns < known->until_ns);
    if (fresh || state_->waiting.size() >= max_waiting)
        return;
    state_->known.put(address, {name, true, 0}); // keep the old name until a new one is known
    state_->waiting.push_back(address);
    if (!started_)
        begin();
    state_->changed.notify_one();
}

} // namespace twtrace
