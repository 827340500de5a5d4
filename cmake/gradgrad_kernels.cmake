# Object libraries of .cu files, for the emulator and for nvcc. Call the two functions from different directories: a source
# file's LANGUAGE, which tells them apart, is a property per directory.

# Where the headers are: the repository here, include/gradgrad where gradgradConfig.cmake says so.
if(NOT GG_HEADERS)
  set(GG_HEADERS ${PROJECT_SOURCE_DIR})
endif()

# gradgrad_emulated_kernels(<target> <file.cu>...): compiled as C++ into gg::emulated.
function(gradgrad_emulated_kernels target)
  add_library(${target} OBJECT ${ARGN})
  set_source_files_properties(${ARGN} PROPERTIES LANGUAGE CXX)
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_compile_definitions(${target} PRIVATE GG_CUDA_EMULATE=1)
  target_include_directories(${target} PRIVATE ${GG_HEADERS})
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  gradgrad_target_flags(${target})
  # Fibers leave nothing to vectorise, so more than -O1 only costs compile time. The prefix map makes diagnostics name files as they
  # are named in the repository.
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1> -Wno-unknown-pragmas
    -fmacro-prefix-map=${GG_HEADERS}/=)
endfunction()

# gradgrad_cuda_kernels(<target> <file.cu>...): compiled by nvcc into gg::cuda, for GG_CUDA_ARCHITECTURES.
function(gradgrad_cuda_kernels target)
  add_library(${target} OBJECT ${ARGN})
  set_source_files_properties(${ARGN} PROPERTIES LANGUAGE CUDA)
  target_include_directories(${target} PRIVATE ${GG_HEADERS})
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON CUDA_ARCHITECTURES "${GG_CUDA_ARCHITECTURES}"
    CUDA_RUNTIME_LIBRARY Static CUDA_SEPARABLE_COMPILATION OFF)
  # -Xptxas -v: registers, shared memory and spills of every kernel, kept beside its object.
  set(launcher ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/keep_ptxas_log.sh ${CMAKE_CUDA_COMPILER_LAUNCHER})
  set_target_properties(${target} PROPERTIES CUDA_COMPILER_LAUNCHER "${launcher}")
  # The standard by hand: CMake 3.25 does not know that nvcc speaks C++20.
  target_compile_options(${target} PRIVATE -std=c++20 -O3 -Xptxas -v -Xcompiler=-Wall,-Wextra
    $<$<BOOL:${GG_WERROR}>:-Werror=all-warnings>)
  if(GG_BUILD_TESTS)
    target_compile_options(${target} PRIVATE --no-compress)  # the tests read the PTX in the objects
  endif()
  set_property(GLOBAL APPEND PROPERTY GG_CUDA_KERNEL_TARGETS ${target})
endfunction()

if(GG_CUDA)
  # One architecture and its PTX by default; the driver compiles the PTX for newer GPUs. Lists work as in CMake.
  set(GG_CUDA_ARCHITECTURES "75" CACHE STRING "GPU architectures, as CMAKE_CUDA_ARCHITECTURES takes them")
  set(CMAKE_CUDA_ARCHITECTURES ${GG_CUDA_ARCHITECTURES})
  if(NOT CMAKE_CUDA_COMPILER)
    find_program(GG_NVCC nvcc HINTS $ENV{CUDA_PATH}/bin /usr/local/cuda/bin DOC "NVIDIA's CUDA compiler")
    if(NOT GG_NVCC)
      message(FATAL_ERROR "GG_CUDA=ON needs nvcc: install the CUDA toolkit, put nvcc on the PATH, or set GG_NVCC.")
    endif()
    set(CMAKE_CUDA_COMPILER ${GG_NVCC})
  endif()
  enable_language(CUDA)
  find_package(CUDAToolkit REQUIRED)
endif()
