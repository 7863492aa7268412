#include "attribute/runtime_names/beneath.h"

#include <set>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "catch2.h"
#include "fake_files.h"

using namespace twtrace;
using twtrace::test::FakeFiles;
namespace fs = std::filesystem;

TEST_CASE("beneath: regular files of the directory, and nothing larger than the limit",
          "[runtimes]") {
    const FakeFiles files;
    files.write("/base/a/file", "text");
    const Fd base = open_directory(files.path(), "/base");
    REQUIRE(base);
    CHECK(read_beneath(base, "a/file", 4) == "text");
    CHECK_FALSE(read_beneath(base, "a/file", 3));
    CHECK_FALSE(read_beneath(base, "a/other", 4));
    CHECK_FALSE(read_beneath(base, "a", 4096));
    files.write("/base/empty", "");
    CHECK(read_beneath(base, "empty", 4) == "");
    CHECK_FALSE(open_directory(files.path(), "/nothing"));
    CHECK_FALSE(open_directory(files.path("/nothing"), "/base"));
}

TEST_CASE("beneath: no link and no '..' leads out, no device or FIFO is opened", "[runtimes]") {
    const FakeFiles files;
    files.write("/base/file", "text");
    files.write("/outside", "secret");
    fs::create_symlink("/etc/passwd", files.path("/base/absolute"));
    fs::create_symlink("../outside", files.path("/base/relative"));
    fs::create_symlink("file", files.path("/base/inner"));
    fs::create_symlink("loop", files.path("/base/loop"));
    fs::create_directory_symlink("/etc", files.path("/base/directory"));
    REQUIRE(mkfifo(files.path("/base/fifo").c_str(), 0600) == 0);
    fs::create_symlink("/dev/zero", files.path("/base/device"));
    fs::create_symlink("/proc/self/fd/0", files.path("/base/magic"));
    const Fd base = open_directory(files.path(), "/base");
    REQUIRE(base);
    for (const char* path : {"absolute", "relative", "inner", "loop", "directory/passwd", "fifo",
                             "device", "magic", "../outside", "/etc/passwd", "a\n", ""})
        CHECK_FALSE(read_beneath(base, path, 1 << 20));
    CHECK_FALSE(open_directory_beneath(base, "directory"));
}

TEST_CASE("beneath: links in a directory's own path stay below the root", "[runtimes]") {
    const FakeFiles files;
    files.write("/disk/docker/file", "text");
    fs::create_directories(files.path("/var/lib"));
    fs::create_directory_symlink("/disk/docker", files.path("/var/lib/docker"));
    const Fd base = open_directory(files.path(), "/var/lib/docker");
    REQUIRE(base);
    CHECK(read_beneath(base, "file", 100) == "text");
    fs::create_directory_symlink("../../../../../../../etc", files.path("/var/lib/up"));
    CHECK_FALSE(open_directory(files.path(), "/var/lib/up")); // it has no /etc of its own
}

TEST_CASE("beneath: at most the given number of directory entries", "[runtimes]") {
    const FakeFiles files;
    std::set<std::string> wanted;
    for (int number = 0; number < 20; ++number) {
        files.write("/base/d/" + std::to_string(number), "");
        wanted.insert(std::to_string(number));
    }
    const Fd base = open_directory(files.path(), "/base");
    std::set<std::string> all;
    const auto take = [&all](std::string_view name) { return all.emplace(name).second; };
    list_beneath(base, "d", 100, take);
    CHECK(all == wanted);
    all.clear();
    list_beneath(base, "d", 5, take);
    CHECK(all.size() <= 5);
    all.clear();
    list_beneath(base, "nothing", 5, take);
    CHECK(all.empty());
}
