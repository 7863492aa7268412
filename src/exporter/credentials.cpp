#include "exporter/credentials.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "util/fd.h"
#include "util/file.h"
#include "util/text.h"

namespace twtrace {

namespace {

// The time depends on `given` only.
bool equal_in_constant_time(std::string_view given, std::string_view right) {
    unsigned difference = given.size() == right.size() ? 0 : 1;
    for (std::size_t index = 0; index < given.size(); ++index) {
        const char other = right.empty() ? '\0' : right[index % right.size()];
        difference |= static_cast<unsigned char>(given[index]) ^ static_cast<unsigned char>(other);
    }
    return difference == 0;
}

} // namespace

std::string base64(std::string_view bytes) {
    constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        const std::string_view part = bytes.substr(at, 3);
        std::uint32_t group = 0;
        for (std::size_t index = 0; index < 3; ++index)
            group = group << 8U | (index < part.size() ? static_cast<unsigned char>(part[index])
                                                       : std::uint32_t{0});
        for (std::size_t index = 0; index < 4; ++index)
            text += index <= part.size() ? digits[group >> (18 - 6 * index) & 63U] : '=';
    }
    return text;
}

Result<Credentials> Credentials::parse(std::string_view text) {
    Credentials credentials;
    std::size_t number = 0;
    while (!text.empty()) {
        std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        ++number;
        if (line.ends_with('\r'))
            line.remove_suffix(1);
        if (line.empty() || line.starts_with('#'))
            continue;
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos || colon == 0 || colon + 1 == line.size())
            return fail(fmt::format("line {} is not user:password", number));
        credentials.pairs_.push_back(base64(line));
    }
    if (credentials.pairs_.empty())
        return fail("it has no user; add a line user:password");
    return credentials;
}

Result<Credentials> Credentials::read(const std::string& path) {
    const std::string what = "password file " + printable(path);
    const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat status {};
    if (!file || fstat(file.get(), &status) != 0)
        return fail(fmt::format("{}: {}", what, std::strerror(errno)));
    if (!S_ISREG(status.st_mode))
        return fail(what + ": not a regular file");
    if ((status.st_mode & (S_IROTH | S_IWOTH)) != 0)
        return fail(fmt::format("{}: others may read or write it; use chmod 600", what));
    const auto text = read_again(file);
    if (!text)
        return fail(fmt::format("{}: {}", what, std::strerror(errno)));
    auto credentials = parse(*text);
    return credentials ? std::move(credentials) : in_context(what, credentials.error());
}

bool Credentials::admit(std::string_view authorization) const {
    constexpr std::string_view scheme = "basic ";
    if (authorization.size() < scheme.size() ||
        !std::equal(scheme.begin(), scheme.end(), authorization.begin(), [](char one, char two) {
            return one == std::tolower(static_cast<unsigned char>(two));
        }))
        return false;
    const std::string_view given = authorization.substr(scheme.size());
    bool admitted = false;
    // Compares with all pairs, so that the time does not depend on which one matches.
    for (const std::string& pair : pairs_)
        admitted = equal_in_constant_time(given, pair) || admitted;
    return admitted;
}

} // namespace twtrace
