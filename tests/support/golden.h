// Expected output kept as files in tests/golden. TWTRACE_UPDATE_GOLDEN=1 writes them anew: read the
// difference before it is committed.
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

/// What the golden file holds, to be compared with actual; after an update it is actual. A
/// difference is reported with the file's name on standard error.
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
