#include "programs.h"

#include <glob.h>

#include <cstdlib>

#include "catch2.h"

namespace live {

namespace {

std::vector<std::string> matches(const std::string& pattern) {
    glob_t found{};
    std::vector<std::string> paths;
    if (glob(pattern.c_str(), 0, nullptr, &found) == 0) {
        paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
    }
    globfree(&found);
    return paths;
}

std::string text_of(const char* variable) {
    const char* value = std::getenv(variable);
    return value == nullptr ? std::string() : std::string(value);
}

} // namespace

std::string unpacked_programs() {
    return text_of("TWTRACE_SERVICES");
}

std::vector<std::string> program(const std::string& path) {
    const std::string root = unpacked_programs();
    if (const auto unpacked = matches(root + path); !root.empty() && !unpacked.empty()) {
        std::string libraries;
        for (const std::string& directory : matches(root + "/usr/lib/*-linux-gnu")) {
            libraries += (libraries.empty() ? "" : ":") + directory;
        }
        return {"env", "LD_LIBRARY_PATH=" + libraries, unpacked.back()};
    }
    const auto installed = matches(path);
    return installed.empty() ? std::vector<std::string>{} : std::vector{installed.back()};
}

std::string program_file(const std::string& path) {
    const Argv found = program(path);
    return found.empty() ? std::string() : found.back();
}

bool have_programs(const std::vector<std::string>& paths) {
    for (const std::string& path : paths) {
        if (!program(path).empty()) {
            continue;
        }
        if (text_of("TWTRACE_REQUIRE_BPF") == "1") {
            FAIL("no " << path << " here, and TWTRACE_REQUIRE_BPF=1");
        }
        WARN("SKIP: no " << path << " here; tools/test unpacks it");
        return false;
    }
    return true;
}

Argv operator+(Argv first, const Argv& second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
}

} // namespace live
