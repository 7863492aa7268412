// Expected output in files of tests/golden. TWTRACE_UPDATE_GOLDEN=1 rewrites the files: review the
// difference before a commit.
#pragma once

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

namespace twtrace::test {

inline std::string golden_path(const std::string& name) {
    std::string path = TWTRACE_TEST_DATA "/";
    path += name;
    return path;
}

inline std::string golden_text(const std::string& name) {
    std::ifstream file(golden_path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// The content of the golden file, to compare with `actual`; after an update it equals `actual`.
/// A difference is reported with the file's name on standard error.
inline std::string golden(const std::string& name, const std::string& actual) {
    if (std::getenv("TWTRACE_UPDATE_GOLDEN") != nullptr) {
        std::ofstream file(golden_path(name), std::ios::binary);
        file << actual;
    }
    std::string expected = golden_text(name);
    if (expected != actual)
        std::cerr << "tests/golden/" << name << " differs; TWTRACE_UPDATE_GOLDEN=1 rewrites it\n";
    return expected;
}

} // namespace twtrace::test
