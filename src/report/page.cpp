#include "report/page.h"

// The assembler includes the files unchanged; CMakeLists.txt provides their paths.
#define TWTRACE_INCLUDE_FILE(name, path)                                                           \
    asm(".section .rodata\n"                                                                       \
        ".global twtrace_page_" #name "\n"                                                         \
        ".global twtrace_page_" #name "_end\n"                                                     \
        "twtrace_page_" #name ":\n"                                                                \
        ".incbin \"" path "\"\n"                                                                   \
        "twtrace_page_" #name "_end:\n"                                                            \
        ".byte 0\n"                                                                                \
        ".previous\n");                                                                            \
    extern "C" const char twtrace_page_##name[];                                                   \
    extern "C" const char twtrace_page_##name##_end[];

TWTRACE_INCLUDE_FILE(html, TWTRACE_PAGE_DIR "/page.html")
TWTRACE_INCLUDE_FILE(css, TWTRACE_PAGE_DIR "/page.css")
TWTRACE_INCLUDE_FILE(script, TWTRACE_PAGE_DIR "/page.js")
TWTRACE_INCLUDE_FILE(charts, TWTRACE_PAGE_DIR "/charts.js")
TWTRACE_INCLUDE_FILE(library, TWTRACE_CHART_JS)

namespace twtrace::page {

std::string_view html() {
    return {twtrace_page_html, twtrace_page_html_end};
}

std::string_view css() {
    return {twtrace_page_css, twtrace_page_css_end};
}

std::string_view script() {
    return {twtrace_page_script, twtrace_page_script_end};
}

std::string_view charts() {
    return {twtrace_page_charts, twtrace_page_charts_end};
}

std::string_view chart_library() {
    return {twtrace_page_library, twtrace_page_library_end};
}

} // namespace twtrace::page
