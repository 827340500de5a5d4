# Runs PROGRAM and compares what it prints with the file EXPECTED.
execute_process(COMMAND ${PROGRAM} OUTPUT_VARIABLE came RESULT_VARIABLE status)
file(READ ${EXPECTED} expected)
if(NOT status EQUAL 0 OR NOT came STREQUAL expected)
  message(FATAL_ERROR "The document says that its example prints\n${expected}\nIt printed (exit code ${status})\n${came}")
endif()
