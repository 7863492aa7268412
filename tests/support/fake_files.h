// A temporary directory in place of /proc or a cgroup mount.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

namespace twtrace::test {

class FakeFiles {
  public:
    FakeFiles() {
        std::string pattern = (std::filesystem::temp_directory_path() / "twtrace-XXXXXX").string();
        if (!mkdtemp(pattern.data()))
            throw std::runtime_error("mkdtemp failed");
        root_ = std::filesystem::canonical(pattern);
    }
    ~FakeFiles() {
        std::error_code ignored;
        std::filesystem::remove_all(root_, ignored);
    }
    FakeFiles(const FakeFiles&) = delete;
    FakeFiles& operator=(const FakeFiles&) = delete;

    std::string path(const std::string& below = "") const { return root_.string() + below; }

    void write(const std::string& below, const std::string& text) const {
        std::filesystem::create_directories(std::filesystem::path(path(below)).parent_path());
        std::ofstream(path(below), std::ios::binary) << text;
    }

    std::uint64_t make_directory(const std::string& below) const {
        std::filesystem::create_directories(path(below));
        return inode(path(below));
    }

    void remove(const std::string& below) const { std::filesystem::remove_all(path(below)); }

    static std::uint64_t inode(const std::string& file) {
        struct stat st = {};
        return stat(file.c_str(), &st) == 0 ? st.st_ino : 0;
    }

  private:
    std::filesystem::path root_;
};

} // namespace twtrace::test
