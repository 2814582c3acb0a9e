#!/bin/sh
# Breaks the policies on purpose, one defect at a time, and sees that `tollgate run` exits 1 and names
# the expectation that it breaks, at its line.
#
# usage: defects.sh sim|real SOURCE_DIR BINARY_DIR CC "C_FLAGS"
#
# Only the changed file is compiled; its object stands before the archives on the linker's line, so the
# archive's own member is never taken. In `sim` the defect is in the simulated engine, in `real` it is in
# the runtime alone and the harness that judges it is whole.
#
# To add a defect: one line in `defects` (name, file, scenario, name of the check that must fail) and its
# edit in edit().
set -eu
world=$1 source=$2 binary=$3 cc=$4 flags=$5

defects='breaker-never-opens runtime/core/breaker.c outage-and-recovery breaker
baseline-before-stale runtime/core/engine_call.c brownout-503 order
retry-on-400 runtime/core/classify.c bad-schema order
wrong-code-for-reset runtime/core/classify.c resets-midbody codes.RUNTIME_TIMEOUT'

edit() {
    case $1 in
    breaker-never-opens) printf '%s\n' 's/if (!breaker_window_judge(/if (true || !breaker_window_judge(/' ;;
    baseline-before-stale)
        printf '%s\n' '/^void call_fall_back/,/^}/s/switch (hit.state)/switch (hit.state == CACHE_STALE ? CACHE_MISS : hit.state)/'
        ;;
    retry-on-400) printf '%s\n' 's/\(OUTCOME_HTTP_4XX, CODE_INPUT_INVALID,\) false/\1 true/' ;;
    wrong-code-for-reset) printf '%s\n' 's/\(OUTCOME_READ_ERROR,\) CODE_RUNTIME_NETWORK/\1 CODE_RUNTIME_TIMEOUT/' ;;
    esac
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

includes=
for farm in "$binary"/include/*; do includes="$includes -I$farm"; done
libraries=$(pkg-config --libs libcurl libmicrohttpd libcjson yaml-0.1 libuv libssl libcrypto hiredis)

# link OUT OBJECT LIBRARY PROGRAM: the program's main and libraries with the object put first.
link() {
    # shellcheck disable=SC2086 # lists of words
    $cc $flags -o "$1" "$4" "$2" "$3" "$binary/runtime/config/libconfig.a" \
        "$binary/runtime/forecast/libforecast.a" "$binary/scenarios/lib/libscenario.a" \
        "$binary/runtime/core/libcore.a" "$binary/net/libnet.a" "$binary/base/libbase.a" $libraries -lm
}

# try NAME FILE SCENARIO CHECK: its verdict goes to $work/NAME.verdict.
try() {
    folder=$work/$1
    mkdir -p "$folder"
    sed -e "$(edit "$1")" "$source/$2" >"$folder/defect.c"
    if cmp -s "$source/$2" "$folder/defect.c"; then
        echo "FAILED: the edit changes nothing in $2; the code moved on, mend this script"
        return
    fi
    # shellcheck disable=SC2086
    $cc $flags -std=c11 -D_GNU_SOURCE $includes -c -o "$folder/defect.o" "$folder/defect.c"
    program=$binary/bin/tollgate
    if [ "$world" = sim ]; then
        program=$folder/tollgate
        link "$program" "$folder/defect.o" "$binary/harness/libharness.a" \
            "$binary/harness/CMakeFiles/tollgate.dir/main.c.o"
    else
        link "$folder/tollgate-runtime" "$folder/defect.o" "$binary/runtime/libruntime.a" \
            "$binary/runtime/CMakeFiles/tollgate-runtime.dir/main.c.o"
        cp "$binary/bin/mock-tollama" "$folder/"
    fi
    code=0
    (cd "$source" && "$program" run --world "$world" --programs "$folder" --out "$folder/report" \
        "scenarios/$3.yaml") >"$folder/said" 2>&1 || code=$?
    line=$(grep -E "^scenarios/$3\.yaml:[0-9]+:[0-9]+: fail \($world\): $4[: ]" "$folder/said" | head -n 1)
    if [ "$code" -eq 1 ] && [ -n "$line" ]; then
        echo "caught: $line"
    else
        echo "FAILED: exit code $code, no failing $4:"
        cat "$folder/said"
    fi
}

while read -r name file scenario check; do
    try "$name" "$file" "$scenario" "$check" >"$work/$name.verdict" 2>&1 &
done <<END
$defects
END
wait

status=0
for verdict in "$work"/*.verdict; do
    echo "$(basename "$verdict" .verdict): $(cat "$verdict")"
    grep -q '^caught' "$verdict" || status=1
done
exit "$status"
