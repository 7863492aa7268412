// The widths of characters depend on the locale; every glibc has this one.
#include <clocale>

namespace {

const bool utf8 = std::setlocale(LC_CTYPE, "C.UTF-8") != nullptr;

} // namespace
