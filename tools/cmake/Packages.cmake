# Finds the packages that the build needs, and reports all missing ones together by the names of Debian packages.
set(twtrace_missing "")

# twtrace_need(VARIABLE PACKAGE): PACKAGE is missing if VARIABLE is false.
macro(twtrace_need variable package)
  if(NOT ${variable})
    list(APPEND twtrace_missing "${package}")
  endif()
endmacro()

# A macro, so that find_package() sets its variables in the caller's scope.
macro(twtrace_find_package name package)
  find_package(${name} QUIET)
  twtrace_need(${name}_FOUND ${package})
endmacro()

macro(twtrace_find_header header package)
  string(MAKE_C_IDENTIFIER "twtrace_dir_of_${header}" twtrace_variable)
  find_path(${twtrace_variable} ${header})
  mark_as_advanced(${twtrace_variable})
  twtrace_need(${twtrace_variable} ${package})
endmacro()

# twtrace_find_module(NAME MODULES PACKAGE): modules of pkg-config as target PkgConfig::NAME.
find_package(PkgConfig QUIET)
twtrace_need(PKG_CONFIG_FOUND pkg-config)
macro(twtrace_find_module name module package)
  if(PKG_CONFIG_FOUND)
    pkg_check_modules(${name} QUIET IMPORTED_TARGET ${module})
    twtrace_need(${name}_FOUND "${package}")
  endif()
endmacro()

function(twtrace_require_packages)
  if(twtrace_missing)
    list(REMOVE_DUPLICATES twtrace_missing)
    list(JOIN twtrace_missing ", " names)
    message(FATAL_ERROR "missing, by the names of Debian packages: ${names}. On Debian and Ubuntu `tools/setup build` "
                        "installs them; CONTRIBUTING.md lists the purpose of each.")
  endif()
endfunction()
