#include "attribute/listeners.h"

#include <filesystem>

#include <arpa/inet.h>

#include "attribute/socket_holders.h"
#include "catch2.h"
#include "fake_files.h"

using namespace twtrace;
using twtrace::test::FakeFiles;

namespace {

Address address(const char* text) {
    Address result;
    result.family = inet_pton(AF_INET, text, result.bytes.data()) == 1 ? 4 : 6;
    if (result.family == 6)
        inet_pton(AF_INET6, text, result.bytes.data());
    return result;
}

TcpSocket listener(const char* local, std::uint16_t port, std::uint32_t inode) {
    TcpSocket socket;
    socket.state = TcpState::Listen;
    socket.local = address(local);
    socket.local_port = port;
    socket.inode = inode;
    return socket;
}

void add_process(const FakeFiles& proc, std::uint32_t pid, std::uint64_t start_ticks,
                 const std::vector<std::string>& targets) {
    const std::string directory = "/" + std::to_string(pid);
    std::string stat = std::to_string(pid) + " (a) b) S";
    for (int field = 4; field < 22; ++field)
        stat += " 0";
    proc.write(directory + "/stat", stat + " " + std::to_string(start_ticks) + " 0 0\n");
    proc.write(directory + "/comm", "worker\n");
    proc.make_directory(directory + "/fd");
    int fd = 0;
    for (const std::string& target : targets)
        std::filesystem::create_symlink(target,
                                        proc.path(directory + "/fd/" + std::to_string(fd++)));
}

} // namespace

TEST_CASE("the listener that accepts a connection") {
    ListenerTable table;
    table.add(listener("0.0.0.0", 80, 1));
    table.add(listener("::", 80, 2));
    table.add(listener("192.0.2.1", 80, 3));
    table.add(listener("::", 443, 4));
    table.add(listener("127.0.0.1", 8080, 5));
    CHECK(table.find(address("192.0.2.1"), 80) == 3);
    CHECK(table.find(address("192.0.2.2"), 80) == 1);
    CHECK(table.find(address("2001:db8::1"), 80) == 2);
    CHECK(table.find(address("192.0.2.2"), 443) == 4); // [::] accepts IPv4 too
    CHECK(table.find(address("192.0.2.2"), 8080) == 0);
    CHECK(table.find(address("::1"), 8080) == 0);
    CHECK(table.find(address("192.0.2.2"), 81) == 0);
    CHECK(table.size() == 5);
    std::vector<std::uint32_t> inodes;
    table.append_inodes(inodes);
    CHECK(inodes.size() == 5);
}

TEST_CASE("of several holders of a socket the oldest is named") {
    const FakeFiles proc;
    add_process(proc, 300, 900, {"/dev/null", "socket:[11]", "socket:[12]"});
    add_process(proc, 200, 950, {"socket:[11]"}); // a lower pid is not an older process
    add_process(proc, 400, 980, {"socket:[13]", "pipe:[11]", "anon_inode:[eventfd]"});
    proc.make_directory("/self/fd");
    const HolderSearch found = find_socket_holders({11, 13, 14}, proc.path());
    CHECK(found.complete);
    REQUIRE(found.holders.size() == 2);
    CHECK(found.holders.at(11).pid == 300);
    CHECK(found.holders.at(11).comm() == "worker");
    CHECK(found.holders.at(11).start_boottime_ns > 0);
    CHECK(found.holders.at(13).pid == 400);
}

TEST_CASE("pid 1 passes listening sockets on: it is named only as the sole holder") {
    const FakeFiles proc;
    add_process(proc, 1, 1, {"socket:[11]", "socket:[12]"});
    add_process(proc, 200, 950, {"socket:[11]"});
    const HolderSearch found = find_socket_holders({11, 12}, proc.path());
    CHECK(found.holders.at(11).pid == 200);
    CHECK(found.holders.at(12).pid == 1);
}

TEST_CASE("hostile descriptor names and processes that end") {
    const FakeFiles proc;
    add_process(proc, 200, 950,
                {"socket:[", "socket:[]", "socket:[11", "socket:[11x]", "socket:[-11]",
                 "socket:[99999999999]", "socket:[4294967307]"});
    proc.make_directory("/201/fd"); // no stat: the process has ended
    std::filesystem::create_symlink("socket:[11]", proc.path("/201/fd/3"));
    proc.make_directory("/99999999999/fd");
    CHECK(find_socket_holders({11}, proc.path()).holders.empty());
    CHECK(find_socket_holders({11}, proc.path("/none")).holders.empty());
}
