# Warnings are errors with the compilers of .ci/run. Newer compilers have more warnings, including false ones (g++ 14 in
# std::string), which must not break a build; -DTWTRACE_WERROR=ON makes them errors too.
set(twtrace_proven OFF)
if((CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
   OR (CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 15))
  set(twtrace_proven ON)
endif()
option(TWTRACE_WERROR "Treat warnings as errors" ${twtrace_proven})
add_library(twtrace_warnings INTERFACE)
target_compile_options(twtrace_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
  -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual $<$<BOOL:${TWTRACE_WERROR}>:-Werror>)
