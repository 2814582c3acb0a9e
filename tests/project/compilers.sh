#!/bin/sh
# The same seed, the same result: builds the golden test with gcc and clang, unoptimised and at -O3,
# and runs each. Ends with 1 when one of them differs. ./dev compilers calls it.
# usage: compilers.sh SOURCE BUILD
set -eu
source=$1
build=$2
status=0
for compiler in gcc clang; do
    for level in -O0 -O3; do
        into=$build/$compiler$level
        cmake -S "$source" -B "$into" -G Ninja -DCMAKE_C_COMPILER="$compiler" \
            -DCMAKE_BUILD_TYPE=None -DCMAKE_C_FLAGS="$level" >/dev/null
        ninja -C "$into" --quiet golden_test
        if "$into/tests/harness/golden_test" >"$into/golden.txt" 2>&1; then
            echo "$compiler $level: each simulated scenario is what it was"
        else
            echo "$compiler $level: DIFFERS: $(grep -m 1 'ERROR' "$into/golden.txt")"
            status=1
        fi
    done
done
exit "$status"
