# Planting a defect: sourced by defects.sh and hunted.sh, which set $source, $binary, $cc and $flags.
#
# Only the changed file is compiled; its object stands before the archives on the linker's line, so the
# archive's own member is never taken.

includes=
for farm in "$binary"/include/*; do includes="$includes -I$farm"; done
libraries=$(pkg-config --libs libcurl libmicrohttpd libcjson yaml-0.1 libuv libssl libcrypto hiredis)

# plant_compile FILE EDIT OBJECT: the file as the sed expression leaves it; false with a sentence when
# it changes nothing.
plant_compile() {
    sed -e "$2" "$source/$1" >"$3.c"
    if cmp -s "$source/$1" "$3.c"; then
        echo "FAILED: the edit changes nothing in $1; the code moved on, mend the table"
        return 1
    fi
    # shellcheck disable=SC2086 # lists of words, here and below
    $cc $flags -w -std=c11 -D_GNU_SOURCE $includes -c -o "$3" "$3.c"
}

# plant_link OUT OBJECT LIBRARY MAIN: a program's main and libraries with the object put first.
plant_link() {
    # shellcheck disable=SC2086
    $cc $flags -o "$1" "$4" "$2" "$3" "$binary/runtime/config/libconfig.a" \
        "$binary/runtime/forecast/libforecast.a" "$binary/scenarios/lib/libscenario.a" \
        "$binary/runtime/core/libcore.a" "$binary/net/libnet.a" "$binary/base/libbase.a" $libraries -lm
}

# plant_tollgate OUT OBJECT
plant_tollgate() {
    plant_link "$1" "$2" "$binary/harness/libharness.a" "$binary/harness/CMakeFiles/tollgate.dir/main.c.o"
}

# plant_beside AT_ONCE VERDICT COMMAND ...: runs the command beside the others; after each AT_ONCE of
# them it waits for all. What the command says goes into the file VERDICT.
plant_running=0
plant_beside() {
    plant_most=$1 plant_verdict=$2
    shift 2
    "$@" >"$plant_verdict" 2>&1 </dev/null &
    plant_running=$((plant_running + 1))
    [ $((plant_running % plant_most)) -ne 0 ] || wait
}

# plant_verdicts FOLDER START: waits for all, and prints their verdicts; false when one does not have a
# line that begins with START.
plant_verdicts() {
    wait
    plant_status=0
    for plant_verdict in "$1"/*.verdict; do
        echo "$(basename "$plant_verdict" .verdict): $(cat "$plant_verdict")"
        grep -q "^$2" "$plant_verdict" || plant_status=1
    done
    return "$plant_status"
}
