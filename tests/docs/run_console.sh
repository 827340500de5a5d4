#!/usr/bin/env bash
# run_console.sh DOCUMENT FOLDER GRADGRAD: does what a document tells its reader to do, in a copy of FOLDER, and looks
# whether the same comes out.
#
#   ```console   Each line after "$ " is run. The lines below it must come out in this order, with anything between
#                them; … stands for any text. Where there are none, the command must succeed.
#   ```diff      Its first line names a file, "--- smooth.cu"; the file is changed so. A new section (##) begins with the
#                files as they were.
#
# $GRADGRAD is where gradgrad is installed. Without a working gdb its commands are left out.
set -uo pipefail
document=$1 folder=$2 work=$PWD/console
export GRADGRAD=$3
# ThreadSanitizer of this age dislikes addresses as random as newer kernels make them.
if [[ -z ${GG_FIXED_ADDRESSES-} ]] && setarch -R true 2>/dev/null; then
  GG_FIXED_ADDRESSES=1 exec setarch -R "$0" "$@"
fi

fail() {
  printf '%s:%d: %s\n' "$document" "$number" "$1" >&2
  [[ $# -lt 2 ]] || printf '%s\n' "$2" >&2
  exit 1
}

restore() { cp "$folder"/* "$work"; }

command='' wanted=()
finish_command() {
  [[ $command ]] || return 0
  local came status line
  if [[ $command == gdb* ]] && ! gdb -batch -ex run --args true >/dev/null 2>&1; then
    printf 'left out, there is no working gdb: %s\n' "$command"
    command=''
    return
  fi
  came=$(cd "$work" && bash -c "$command" 2>&1 </dev/null)
  status=$?
  printf '$ %s\n%s\n' "$command" "$came"
  if ((${#wanted[@]} == 0 && status != 0)); then fail "exit code $status of: $command" "$came"; fi
  local i=0
  while IFS= read -r line; do
    # shellcheck disable=SC2053
    if ((i < ${#wanted[@]})) && [[ $line == ${wanted[i]} ]]; then i=$((i + 1)); fi
  done <<<"$came"
  if ((i < ${#wanted[@]})); then
    fail "of the output of '$command' this line, or its place, is wrong: ${wanted[i]}" "It was: $came"
  fi
  command='' wanted=()
}

# As a pattern in which only … is special.
pattern_of() {
  local text=$1 quoted
  printf -v quoted '%s' "${text//\\/\\\\}"
  quoted=${quoted//\[/\\[} quoted=${quoted//\*/\\*} quoted=${quoted//\?/\\?}
  printf '%s' "${quoted//…/*}"
}

change() {
  local text
  [[ $file && -e $work/$file ]] || fail "a diff must begin with '--- FILE', one of those in $folder"
  text=$(<"$work/$file")
  [[ $text == *"$old"* ]] || fail "$file does not hold these lines" "$old"
  printf '%s\n' "${text/"$old"/"$new"}" >"$work/$file"
}

rm -rf "$work"
mkdir -p "$work"
restore
block='' number=0 ran=0
while IFS= read -r line; do
  number=$((number + 1))
  case $block:$line in
    :'```console') block=console ;;
    :'```diff') block=diff file='' old='' new='' ;;
    :'```'*) block=other ;;
    :'## '*) restore ;;
    console:'```') finish_command && block='' ;;
    console:'$ '*)
      finish_command
      command=${line#'$ '} wanted=()
      ran=$((ran + 1))
      ;;
    console:*)
      [[ $command ]] || fail "a console block must begin with a command"
      wanted+=("$(pattern_of "$line")")
      ;;
    diff:'```') change && block='' ;;
    diff:'--- '*) file=${line#--- } ;;
    diff:-*) old+=${line:1}$'\n' ;;
    diff:+*) new+=${line:1}$'\n' ;;
    diff:*) old+=${line:1}$'\n' new+=${line:1}$'\n' ;;
    other:'```') block='' ;;
  esac
done <"$document"
[[ ! $block ]] || fail "a block does not end"
((ran > 0)) || fail "there is no command in it"
