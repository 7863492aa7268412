// Authentication of scrapers: a file of `user:password` lines.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "util/result.h"

namespace twtrace {

class Credentials {
  public:
    /// Rejects a file that is readable by others than its owner and group: it contains passwords.
    static Result<Credentials> read(const std::string& path);
    /// Ignores lines that are empty or begin with #.
    static Result<Credentials> parse(std::string_view text);

    /// The value of an Authorization header: "Basic " and base64 of user:password (RFC 7617). Takes
    /// as long for a wrong password as for a right one.
    [[nodiscard]] bool admit(std::string_view authorization) const;

  private:
    std::vector<std::string> pairs_; // as a client sends them: base64
};

std::string base64(std::string_view bytes);

} // namespace twtrace
