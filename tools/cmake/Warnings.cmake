# Warnings are errors here; a package builder on another compiler may say -DTWTRACE_WERROR=OFF.
option(TWTRACE_WERROR "Treat warnings as errors" ON)
add_library(twtrace_warnings INTERFACE)
target_compile_options(twtrace_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
  -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual $<$<BOOL:${TWTRACE_WERROR}>:-Werror>)
