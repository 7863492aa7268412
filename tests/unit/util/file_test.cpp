#include "catch2.h"

#include <cstdlib>
#include <fstream>
#include <string>
#include <unistd.h>

#include "util/fd.h"
#include "util/file.h"

using namespace twtrace;

namespace {

class TemporaryFile {
  public:
    explicit TemporaryFile(const std::string& content) {
        const Fd fd(mkstemp(path_.data()));
        std::ofstream(path_, std::ios::binary) << content;
    }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    ~TemporaryFile() { unlink(path_.c_str()); }
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    std::string path_ = "/tmp/twtrace-test-XXXXXX";
};

} // namespace

TEST_CASE("read_file: whole, empty, longer than one read, cut at the limit") {
    CHECK(read_file(TemporaryFile("").path()) == "");
    CHECK(read_file(TemporaryFile("one\ntwo").path()) == "one\ntwo");
    const std::string large(100'000, 'x');
    CHECK(read_file(TemporaryFile(large).path()) == large);
    CHECK(read_file(TemporaryFile(large).path(), 50'000) == large.substr(0, 50'000));
    CHECK(read_file(TemporaryFile("abc").path(), 2) == "ab");
}

TEST_CASE("read_file: a file without a size (/proc), a missing file, and a directory") {
    const auto status = read_file("/proc/self/status");
    REQUIRE(status);
    CHECK(status->find("\nCapEff:") != std::string::npos);
    CHECK_FALSE(read_file("/proc/self/no-such-file"));
    CHECK_FALSE(read_file("/tmp"));
}

TEST_CASE("Fd: closes once, and hands over what it holds") {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    const Fd read_end(ends[0]);
    {
        Fd first(ends[1]);
        Fd second(std::move(first));
        CHECK(second.get() == ends[1]);
        CHECK_FALSE(first); // NOLINT(bugprone-use-after-move): the moved-from state is promised
        CHECK(write(second.get(), "x", 1) == 1);
    }
    CHECK(write(ends[1], "x", 1) == -1);
}
