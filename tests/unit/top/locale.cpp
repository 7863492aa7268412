// Widths of characters are the locale's to say; this one every glibc has.
#include <clocale>

namespace {

const bool utf8 = std::setlocale(LC_CTYPE, "C.UTF-8") != nullptr;

} // namespace
