#!/bin/sh
# Stands in for `chaos apply --logbook`: prints what a run of Ch-aOS printed, line by line, those
# for people and those for machines. Like Ch-aOS it leaves with 0 though an operation failed.
#
#   replay.sh 0.7      the version whose progress lines say everything
#   replay.sh first    the first version with telemetry, which says most in its report at the end
set -eu

while IFS= read -r line; do
    printf '%s\n' "$line"
done <"$(dirname "$0")/${1:-0.7}.out"
