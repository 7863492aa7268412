# twtrace_static: the same objects in a static-pie without shared libraries. Where Debian has no static library,
# tools/package builds one from the distribution's source in TWTRACE_STATIC.
add_executable(twtrace_static EXCLUDE_FROM_ALL src/main.cpp)
target_include_directories(twtrace_static PRIVATE src include)
add_dependencies(twtrace_static twtrace_core)
# Otherwise cmake switches to shared libraries after the last of these.
set_target_properties(twtrace_static PROPERTIES LINK_SEARCH_START_STATIC ON LINK_SEARCH_END_STATIC ON)
target_link_options(twtrace_static PRIVATE -static-pie -Wl,--gc-sections)
target_link_libraries(twtrace_static PRIVATE $<TARGET_FILE:twtrace_core>
  ${TWTRACE_STATIC}/libprometheus-cpp-core.a ${TWTRACE_STATIC}/libspdlog.a ${TWTRACE_STATIC}/libfmt.a
  libbpf.a libelf.a libzstd.a libxxhash.a libz.a libncursesw.a libtinfo.a libseccomp.a libcap-ng.a)
