// The exporter's password file, and the header in which a client sends a password.
#include <string>

#include "exporter/credentials.h"
#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace twtrace;
    const std::string_view text = fuzz::text_of(data, size);
    const auto credentials = Credentials::parse(text);
    if (!credentials)
        return 0;
    fuzz::require(!credentials->admit("") && !credentials->admit("Basic "));
    fuzz::require(!credentials->admit(text));
    // Each line that is not a comment grants access; a part of it does not.
    std::string_view line = text.substr(0, text.find('\n'));
    if (line.ends_with('\r'))
        line.remove_suffix(1);
    if (line.empty() || line.starts_with('#'))
        return 0;
    fuzz::require(credentials->admit("basic " + base64(line)));
    return 0;
}
