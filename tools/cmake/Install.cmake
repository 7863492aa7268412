# cmake --install, with --prefix and DESTDIR: program, manual page, completions, units, documentation.
include(GNUInstallDirs)
set(TWTRACE_UNIT_DIR "lib/systemd/system" CACHE STRING "Directory of the systemd units, below the prefix")

install(TARGETS twtrace RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR})
install(FILES docs/twtrace.8 DESTINATION ${CMAKE_INSTALL_MANDIR}/man8)
set(twtrace_share ${CMAKE_INSTALL_DATAROOTDIR})
install(FILES tools/completion/twtrace.bash RENAME twtrace DESTINATION ${twtrace_share}/bash-completion/completions)
install(FILES tools/completion/twtrace.zsh RENAME _twtrace DESTINATION ${twtrace_share}/zsh/vendor-completions)
install(FILES tools/completion/twtrace.fish DESTINATION ${twtrace_share}/fish/vendor_completions.d)

# The directories in the units are set at installation, because --prefix may be given then.
file(GLOB twtrace_units CONFIGURE_DEPENDS deploy/systemd/*.service)
file(GLOB twtrace_settings CONFIGURE_DEPENDS deploy/systemd/*.default)
foreach(variable twtrace_units twtrace_settings TWTRACE_UNIT_DIR CMAKE_INSTALL_SBINDIR CMAKE_INSTALL_SYSCONFDIR
        PROJECT_BINARY_DIR)
  install(CODE "set(${variable} \"${${variable}}\")")
endforeach()
install(SCRIPT tools/cmake/install-units.cmake)

file(GLOB twtrace_documents CONFIGURE_DEPENDS docs/*.md docs/*.svg docs/*.png docs/*.twr)
install(FILES README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES ${twtrace_documents} DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs)
install(DIRECTORY docs/decisions docs/schema DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs)
install(DIRECTORY deploy/prometheus deploy/grafana deploy/kubernetes deploy/logs
  DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
