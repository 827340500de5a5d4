# Flags that every target of ours shares. Warnings are errors where GG_WERROR is set (CI does).
# No -ffast-math anywhere: NaN and infinities mean something here. -fno-trapping-math and -fno-math-errno
# only say that nobody reads floating-point exception flags or errno, which lets loops become blends.
function(gradgrad_target_flags target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -fno-math-errno -fno-trapping-math -ffp-contract=off
    $<$<BOOL:${GG_WERROR}>:-Werror>
    # GCC 12 sees overlapping copies in `"text" + string` that are not there (its bug 105651).
    $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>)
  # For ccache, which otherwise cannot cache what reads a precompiled header.
  target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
  if(GG_SANITIZE)
    target_compile_options(${target} PUBLIC -fsanitize=${GG_SANITIZE} -fno-omit-frame-pointer
      -fno-sanitize-recover=all)
    target_link_options(${target} PUBLIC -fsanitize=${GG_SANITIZE})
    target_compile_definitions(${target} PUBLIC GG_SANITIZED=1)
  endif()
endfunction()
