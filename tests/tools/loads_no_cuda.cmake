# cmake -DPROGRAM=... -P loads_no_cuda.cmake: fails if the loader would bring any of CUDA's libraries with a program.
# They are opened when they are first needed (cuda/library.h), so that a build with CUDA starts anywhere, and quickly.
execute_process(COMMAND ldd ${PROGRAM} OUTPUT_VARIABLE libraries RESULT_VARIABLE status)
if(NOT status EQUAL 0 OR NOT libraries MATCHES "libc\\.so")
  message(FATAL_ERROR "ldd ${PROGRAM} failed:\n${libraries}")
endif()
string(REGEX MATCHALL "lib(cuda|cudart|cublas|cublasLt|cudnn[a-z_]*|nvrtc|nvJitLink)\\.so[^\n]*" found "${libraries}")
if(found)
  list(JOIN found "\n" found)
  message(FATAL_ERROR "${PROGRAM} loads at its start:\n${found}")
endif()
