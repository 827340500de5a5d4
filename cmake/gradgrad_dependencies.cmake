# The libraries that gradgrad links, for its own build and, installed beside gradgradConfig.cmake, for projects that use
# it: threads, zlib, oneDNN with the OpenMP runtime that it brings along, and OpenBLAS.
find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS CXX)

# oneDNN is found without its own CMake package, which would ask for OpenCL as well.
find_library(GG_DNNL_LIBRARY dnnl)
find_path(GG_DNNL_INCLUDE oneapi/dnnl/dnnl.hpp)

# OpenBLAS in its serial flavour, by name: the generic libopenblas.so may bring its own threads, which would fight with
# the pool (core/parallel.h). All flavours share one soname, so the folder has to be in the run path as well, which
# CMake sees to when a library is given by its full path.
find_library(GG_OPENBLAS_LIBRARY NAMES openblas libopenblas.so.0
  PATHS /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/openblas-serial /usr/lib64/openblas-serial NO_DEFAULT_PATH)
find_path(GG_OPENBLAS_INCLUDE cblas.h
  PATHS /usr/include/${CMAKE_LIBRARY_ARCHITECTURE}/openblas-serial /usr/include/openblas NO_DEFAULT_PATH)

# gradgrad_library(<name> <variable prefix> <what it is>): the imported target gradgrad::<name>.
function(gradgrad_library name prefix what)
  if(NOT ${prefix}_LIBRARY OR NOT ${prefix}_INCLUDE)
    message(FATAL_ERROR "gradgrad needs ${what}, which was not found. "
      "Set ${prefix}_LIBRARY and ${prefix}_INCLUDE if it is in another place.")
  endif()
  if(NOT TARGET gradgrad::${name})
    add_library(gradgrad::${name} UNKNOWN IMPORTED)
    set_target_properties(gradgrad::${name} PROPERTIES
      IMPORTED_LOCATION "${${prefix}_LIBRARY}" INTERFACE_INCLUDE_DIRECTORIES "${${prefix}_INCLUDE}")
  endif()
endfunction()
gradgrad_library(onednn GG_DNNL "oneDNN (Debian: libdnnl-dev)")
gradgrad_library(openblas GG_OPENBLAS "the serial flavour of OpenBLAS (Debian: libopenblas-serial-dev)")

if(NOT TARGET gradgrad::openmp)
  add_library(gradgrad::openmp INTERFACE IMPORTED)
  target_link_libraries(gradgrad::openmp INTERFACE ${OpenMP_CXX_LIBRARIES})
endif()
