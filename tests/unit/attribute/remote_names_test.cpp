#include "attribute/remote_names.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "catch2.h"
#include "events.h"

using namespace twtrace;
using test::address;

namespace {

constexpr std::uint64_t second_ns = 1'000'000'000;

/// Answers on request of the test.
class Server {
  public:
    std::map<std::string, std::string> names;
    std::atomic<int> asked{0};
    std::atomic<std::uint64_t> now_ns{1};

    std::string ask(const Address& address) {
        std::unique_lock lock(mutex_);
        ++asked;
        changed_.wait(lock, [this] { return open_; });
        const auto found = names.find(to_string(address));
        return found == names.end() ? "" : found->second;
    }
    void open() {
        const std::lock_guard lock(mutex_);
        open_ = true;
        changed_.notify_all();
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool open_ = false;
};

RemoteNames names_of(const std::shared_ptr<Server>& server) {
    return RemoteNames([server](const Address& address) { return server->ask(address); },
                       [server] { return server->now_ns.load(); });
}

template <typename Condition>
bool comes(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition())
        if (std::chrono::steady_clock::now() > end)
            return false;
        else
            std::this_thread::yield();
    return true;
}

std::string find(RemoteNames& names, const char* text) {
    std::string name = "of the last one";
    names.find(address(text), name);
    return name;
}

} // namespace

TEST_CASE("remote names: resolved later, without a wait", "[attribute]") {
    const auto server = std::make_shared<Server>();
    server->names["10.0.0.5"] = "db.example";
    auto names = names_of(server);
    CHECK(find(names, "10.0.0.5").empty());
    CHECK(find(names, "10.0.0.6").empty());
    server->open();
    CHECK(comes([&] { return find(names, "10.0.0.5") == "db.example"; }));
    std::string none = "x";
    names.find(Address{}, none);
    CHECK(none.empty());
}

TEST_CASE("remote names: names last ten minutes, failures one", "[attribute]") {
    const auto server = std::make_shared<Server>();
    server->names["10.0.0.5"] = "db.example";
    server->open();
    auto names = names_of(server);
    CHECK(comes([&] { return find(names, "10.0.0.5") == "db.example"; }));
    find(names, "10.0.0.6");
    find(names, "10.0.0.7"); // requested after .6 was answered
    CHECK(comes([&] { return server->asked == 3; }));
    server->now_ns += 59 * second_ns;
    find(names, "10.0.0.5");
    find(names, "10.0.0.6");
    find(names, "10.0.0.8"); // queued behind those two, if they were requested again
    CHECK(comes([&] { return server->asked == 4; }));
    server->now_ns += 2 * second_ns;
    find(names, "10.0.0.6");
    CHECK(comes([&] { return server->asked == 5; }));
    server->now_ns += 600 * second_ns;
    CHECK(find(names, "10.0.0.5") == "db.example"); // the old name until the new one is known
    CHECK(comes([&] { return server->asked == 6; }));
}

TEST_CASE("remote names: other text is no host name", "[attribute]") {
    const auto server = std::make_shared<Server>();
    server->names = {{"10.0.0.1", "a\x1b[2J"},
                     {"10.0.0.2", std::string(300, 'a')},
                     {"10.0.0.3", "a b"},
                     {"10.0.0.9", "last.example"}};
    server->open();
    auto names = names_of(server);
    for (const char* one : {"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.9"})
        find(names, one);
    CHECK(comes([&] { return find(names, "10.0.0.9") == "last.example"; }));
    for (const char* one : {"10.0.0.1", "10.0.0.2", "10.0.0.3"})
        CHECK(find(names, one).empty());
}

TEST_CASE("remote names: a server that does not answer delays nothing", "[attribute]") {
    const auto server = std::make_shared<Server>(); // never opened until the end
    {
        auto names = names_of(server);
        for (int one = 0; one < 3000; ++one)
            find(names,
                 ("10.0." + std::to_string(one / 250) + "." + std::to_string(one % 250)).c_str());
    } // at most 1,024 waited, and their thread is still resolving
    CHECK(server->asked <= 1);
    server->open();
}
