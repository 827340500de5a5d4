# `cmake --install`: the library, its headers with their folders under include/gradgrad/, and the package files, so that
# another project says
#   find_package(gradgrad REQUIRED)
#   target_link_libraries(mine PRIVATE gradgrad::gradgrad)
# and, for operations of its own, gradgrad_add_ops(mine my_ops.h), for kernels gradgrad_add_kernels(mine my.cu).
# tests/install/ is such a project.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/gradgrad)
install(TARGETS gradgrad EXPORT gradgradTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT gradgradTargets NAMESPACE gradgrad:: DESTINATION ${package_dir})

foreach(folder core cpu cuda autograd ops nn optim losses models data metrics)
  if(EXISTS ${PROJECT_SOURCE_DIR}/${folder})
    install(DIRECTORY ${folder} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/gradgrad
      FILES_MATCHING PATTERN "*.h" PATTERN "*.cuh")
  endif()
endforeach()

set(header_dir ${CMAKE_INSTALL_INCLUDEDIR}/gradgrad)
configure_package_config_file(cmake/gradgradConfig.cmake.in ${PROJECT_BINARY_DIR}/gradgradConfig.cmake
  INSTALL_DESTINATION ${package_dir} PATH_VARS header_dir)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/gradgradConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/gradgradConfig.cmake ${PROJECT_BINARY_DIR}/gradgradConfigVersion.cmake
  cmake/gradgrad_dependencies.cmake cmake/gradgrad_flags.cmake cmake/gradgrad_kernels.cmake
  cmake/gradgrad_add_kernels.cmake cmake/gradgrad_add_ops.cmake DESTINATION ${package_dir})
install(PROGRAMS cmake/keep_ptxas_log.sh DESTINATION ${package_dir})
