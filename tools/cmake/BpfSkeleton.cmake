# twtrace_bpf_skeleton(TARGET SOURCE): compiles SOURCE with clang for BPF and generates <name>.skel.h with bpftool.
# TARGET is an interface library with the header's directory.
find_program(TWTRACE_BPF_CLANG NAMES clang clang-18 clang-17 clang-16 clang-15 clang-14)
twtrace_need(TWTRACE_BPF_CLANG clang)
# Debian has a package bpftool. Ubuntu has one for each kernel, and its wrapper in /usr/sbin refuses to run without that of
# the running kernel. Any of them can generate a skeleton.
file(GLOB twtrace_bpftool_dirs /usr/lib/linux-tools/* /usr/lib/linux-tools-*)
find_program(TWTRACE_BPFTOOL NAMES bpftool HINTS ${twtrace_bpftool_dirs} PATHS /usr/sbin)
twtrace_need(TWTRACE_BPFTOOL "bpftool (on Ubuntu linux-tools-generic)")

set(twtrace_bpf_cflags -g -O2 -target bpf -mcpu=v3 -Wall -Wextra -Werror -Wno-unused-parameter
    # BTF contains the names of source files: remove the directory, so that builds are reproducible.
    -ffile-prefix-map=${CMAKE_CURRENT_SOURCE_DIR}/= -I${CMAKE_CURRENT_SOURCE_DIR}/include -I${CMAKE_CURRENT_SOURCE_DIR}/vmlinux)

function(twtrace_bpf_skeleton target source)
  get_filename_component(name ${source} NAME_WE)
  set(out ${CMAKE_BINARY_DIR}/bpf)
  file(MAKE_DIRECTORY ${out})
  file(GLOB parts CONFIGURE_DEPENDS bpf/*.bpf.h vmlinux/*.h include/twtrace/*.h)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
    set(arch arm64)
  else()
    set(arch x86)
  endif()
  add_custom_command(OUTPUT ${out}/${name}.bpf.o
    COMMAND ${TWTRACE_BPF_CLANG} ${twtrace_bpf_cflags} -D__TARGET_ARCH_${arch}
            -c ${CMAKE_CURRENT_SOURCE_DIR}/${source} -o ${out}/${name}.tmp.o
    # Relinking drops unused sections and DWARF, two thirds of the size. CO-RE needs only BTF.
    COMMAND ${TWTRACE_BPFTOOL} gen object ${out}/${name}.bpf.o ${out}/${name}.tmp.o
    DEPENDS ${source} ${parts} VERBATIM)
  add_custom_command(OUTPUT ${out}/${name}.skel.h
    COMMAND sh -c "${TWTRACE_BPFTOOL} gen skeleton ${out}/${name}.bpf.o name ${name}_bpf > ${out}/${name}.skel.h"
    DEPENDS ${out}/${name}.bpf.o VERBATIM)
  add_custom_target(${target}_header DEPENDS ${out}/${name}.skel.h)
  add_library(${target} INTERFACE)
  add_dependencies(${target} ${target}_header)
  target_include_directories(${target} SYSTEM INTERFACE ${out})
endfunction()
