# Tests of gradgrad as others meet it: installed and found from a project outside, and the code in its documents.

# ---- projects outside: tests/install and tests/out_of_tree_op against a staged installation ---------------------------
set(stage ${PROJECT_BINARY_DIR}/outside/stage)
add_test(NAME outside.stage COMMAND ${CMAKE_COMMAND} --install ${PROJECT_BINARY_DIR} --prefix ${stage})
set_tests_properties(outside.stage PROPERTIES FIXTURES_SETUP staged LABELS outside)

foreach(project install out_of_tree_op)
  add_test(NAME outside.${project} COMMAND ${CMAKE_CTEST_COMMAND}
    --build-and-test ${CMAKE_CURRENT_SOURCE_DIR}/${project} ${PROJECT_BINARY_DIR}/outside/${project}
    --build-generator ${CMAKE_GENERATOR} --build-options
      -DCMAKE_PREFIX_PATH=${stage} -DCMAKE_BUILD_TYPE=${CMAKE_BUILD_TYPE} -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER}
      -DCMAKE_CXX_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER} -DCMAKE_CXX_FLAGS_DEBUG=${CMAKE_CXX_FLAGS_DEBUG}
      -DCMAKE_CUDA_COMPILER_LAUNCHER=${CMAKE_CUDA_COMPILER_LAUNCHER}
    --test-command check)
  set_tests_properties(outside.${project} PROPERTIES FIXTURES_REQUIRED staged LABELS outside)
endforeach()

# ---- documents --------------------------------------------------------------------------------------------------------
# gradgrad_doc_program(<name> <program> <expected>): a test that builds this source, whose output must be that.
function(gradgrad_doc_program name program expected)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/docs/${name}.cpp)
  file(CONFIGURE OUTPUT ${source} CONTENT "${program}" @ONLY)
  file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/docs/${name}.txt CONTENT "${expected}" @ONLY)
  add_executable(docs_${name} ${source})
  gradgrad_target_flags(docs_${name})
  target_link_libraries(docs_${name} PRIVATE gradgrad)
  add_test(NAME docs.${name} COMMAND ${CMAKE_COMMAND} -DPROGRAM=$<TARGET_FILE:docs_${name}>
    -DEXPECTED=${CMAKE_CURRENT_BINARY_DIR}/docs/${name}.txt -P ${CMAKE_CURRENT_SOURCE_DIR}/docs/same_output.cmake)
  set_tests_properties(docs.${name} PROPERTIES LABELS docs)
endfunction()

# gradgrad_doc_example(<name> <file.md>): builds the first ```cpp block of a document as a program of its own. Its output
# must be the ```text block after it.
function(gradgrad_doc_example name document)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${document})
  file(READ ${document} text)
  foreach(kind cpp text)
    string(FIND "${text}" "```${kind}\n" begin)
    if(begin EQUAL -1)
      message(FATAL_ERROR "${document}: no \`\`\`${kind} block found for the test of its example")
    endif()
    string(LENGTH "```${kind}\n" fence)
    math(EXPR begin "${begin} + ${fence}")
    string(SUBSTRING "${text}" ${begin} -1 text)
    string(FIND "${text}" "```" end)
    string(SUBSTRING "${text}" 0 ${end} ${kind}_block)
    string(SUBSTRING "${text}" ${end} -1 text)
  endforeach()
  gradgrad_doc_program(${name} "${cpp_block}" "${text_block}")
endfunction()
gradgrad_doc_example(readme ${PROJECT_SOURCE_DIR}/README.md)
gradgrad_doc_example(weight_rms ${PROJECT_SOURCE_DIR}/docs/weight-rms.md)
gradgrad_doc_example(adversarial_training ${PROJECT_SOURCE_DIR}/docs/adversarial-training.md)

# gradgrad_doc_chapter(<name> <file.md>): all ```cpp blocks of a document as one program. The first is what all begin
# with; each other one is a function of its own, and what it prints must be the ```text block after it.
function(gradgrad_doc_chapter name document)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${document})
  file(READ ${document} text)
  # Cuts the next block of a kind out of `text`, or leaves `block` empty.
  macro(next_block kind)
    set(block "")
    string(FIND "${text}" "```${kind}\n" begin)
    if(NOT begin EQUAL -1)
      string(LENGTH "```${kind}\n" fence)
      math(EXPR begin "${begin} + ${fence}")
      string(SUBSTRING "${text}" ${begin} -1 text)
      string(FIND "${text}" "```" end)
      string(SUBSTRING "${text}" 0 ${end} block)
      math(EXPR end "${end} + 3")
      string(SUBSTRING "${text}" ${end} -1 text)
    endif()
  endmacro()
  next_block(cpp)
  set(program "${block}")
  set(calls "")
  set(expected "")
  set(count 0)
  next_block(cpp)
  while(NOT block STREQUAL "")
    math(EXPR count "${count} + 1")
    string(APPEND program "\nvoid block_${count}() {\n${block}}\n")
    string(APPEND calls "  block_${count}();\n")
    string(FIND "${text}" "```text\n" begin)
    string(FIND "${text}" "```cpp\n" another)
    if(begin EQUAL -1 OR (another GREATER -1 AND another LESS begin))
      message(FATAL_ERROR "${document}: no \`\`\`text block says what program ${count} prints")
    endif()
    next_block(text)
    string(APPEND expected "${block}")
    next_block(cpp)
  endwhile()
  string(APPEND program "\nint main() {\n${calls}}\n")
  gradgrad_doc_program(${name} "${program}" "${expected}")
endfunction()
gradgrad_doc_chapter(higher_order ${PROJECT_SOURCE_DIR}/docs/higher-order.md)

# docs/adding_an_op.md shows the files of tests/out_of_tree_op as they are.
add_test(NAME docs.adding_an_op COMMAND ${CMAKE_COMMAND} -DDOCUMENT=${PROJECT_SOURCE_DIR}/docs/adding_an_op.md
  -DFOLDER=${CMAKE_CURRENT_SOURCE_DIR}/out_of_tree_op -P ${CMAKE_CURRENT_SOURCE_DIR}/docs/holds_files.cmake)
set_tests_properties(docs.adding_an_op PROPERTIES LABELS docs)

# docs/emulator.md shows the files of tests/out_of_tree_kernel as they are, and what happens to them on a walk through it.
# The walk has sanitizers of its own.
add_test(NAME docs.emulator_files COMMAND ${CMAKE_COMMAND} -DDOCUMENT=${PROJECT_SOURCE_DIR}/docs/emulator.md
  -DFOLDER=${CMAKE_CURRENT_SOURCE_DIR}/out_of_tree_kernel -P ${CMAKE_CURRENT_SOURCE_DIR}/docs/holds_files.cmake)
set_tests_properties(docs.emulator_files PROPERTIES LABELS docs)
if(GG_EMULATED AND NOT GG_SANITIZE)
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/outside/emulator)
  add_test(NAME docs.emulator COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/docs/run_console.sh ${PROJECT_SOURCE_DIR}/docs/emulator.md
    ${CMAKE_CURRENT_SOURCE_DIR}/out_of_tree_kernel ${stage} WORKING_DIRECTORY ${PROJECT_BINARY_DIR}/outside/emulator)
  set_tests_properties(docs.emulator PROPERTIES FIXTURES_REQUIRED staged LABELS docs COST 100 ENVIRONMENT
    "CXX=${CMAKE_CXX_COMPILER};CMAKE_GENERATOR=${CMAKE_GENERATOR};CMAKE_CXX_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER}")
endif()

# What must be found by that walk: documents with one mistake each.
function(gradgrad_planted_document name says)
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/outside/planted/${name})
  add_test(NAME docs.planted_${name} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/docs/run_console.sh
    ${CMAKE_CURRENT_SOURCE_DIR}/docs/planted/${name}.md ${CMAKE_CURRENT_SOURCE_DIR}/out_of_tree_kernel ${stage}
    WORKING_DIRECTORY ${PROJECT_BINARY_DIR}/outside/planted/${name})
  set_tests_properties(docs.planted_${name} PROPERTIES LABELS docs PASS_REGULAR_EXPRESSION "${name}.md:[0-9]+: ${says}")
endfunction()
gradgrad_planted_document(output "of the output of 'echo 7' this line, or its place, is wrong: 8")
gradgrad_planted_document(order "of the output of .* is wrong: one")
gradgrad_planted_document(command "exit code 1 of: test -e nowhere.cu")
gradgrad_planted_document(change "smooth.cu does not hold these lines")
gradgrad_planted_document(section "of the output of .* is wrong: 0")
