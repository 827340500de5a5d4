#!/usr/bin/env bash
# keep_ptxas_log.sh COMPILER ARGUMENT... -o OBJECT ...: a compiler launcher for nvcc with -Xptxas -v. What ptxas says
# of each kernel goes to OBJECT.ptxas instead of the terminal. Each object has its own log, written whenever it is, so
# the logs are true after any incremental build; ccache, run by this script, repeats what was said for objects that it
# has kept. tools/ptxas_log.h reads the logs.
set -uo pipefail

object=
for ((i = 1; i < $#; ++i)); do
  if [[ ${!i} == -o ]]; then
    next=$((i + 1))
    object=${!next}
  fi
done
[[ $object ]] || exec "$@" # nothing is compiled

log=$object.ptxas
rm -f "$log"
"$@" 2>"$log.part"
status=$?

# Statements of ptxas begin with its name; indented lines continue them. All else is for whoever builds.
awk -v log_file="$log.said" '
  /^ptxas info/ { said = 1; print > log_file; next }
  said && /^ +[0-9]+ bytes/ { print > log_file; next }
  { said = 0; print }
  BEGIN { printf "" > log_file }' "$log.part" >&2
if ((status == 0)); then mv "$log.said" "$log"; fi
rm -f "$log.part" "$log.said"
exit $status
