#!/bin/sh
# Breaks the policies on purpose, one defect at a time, and sees that `tollgate run` exits 1 and names
# the check that the defect breaks. docs/trust.md lists them.
#
# usage: defects.sh sim|real SOURCE_DIR BINARY_DIR CC "C_FLAGS"
#
# In `sim` the defect is in the simulated engine, in `real` it is in
# the runtime alone and the harness that judges it is whole.
#
# To add a defect: a line in defects.tsv (name, the worlds that it is tried in, file, scenario, the check
# that must fail, a sed expression that makes it; tabs between them), and a row in docs/trust.md.
set -eu
world=$1 source=$2 binary=$3 cc=$4 flags=$5
at_once=4
[ "$world" = sim ] || at_once=8

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

. "$source/tests/project/plant.sh"

# try NAME FILE SCENARIO CHECK EDIT: says what came of it.
try() {
    folder=$work/$1
    mkdir -p "$folder"
    plant_compile "$2" "$5" "$folder/defect.o" || return 0
    program=$binary/bin/tollgate
    if [ "$world" = sim ]; then
        program=$folder/tollgate
        plant_tollgate "$program" "$folder/defect.o"
    else
        plant_link "$folder/tollgate-runtime" "$folder/defect.o" "$binary/runtime/libruntime.a" \
            "$binary/runtime/CMakeFiles/tollgate-runtime.dir/main.c.o"
        cp "$binary/bin/mock-tollama" "$folder/"
    fi
    code=0
    (cd "$source" && "$program" run --world "$world" --programs "$folder" --out "$folder/report" \
        "scenarios/$3.yaml") >"$folder/said" 2>&1 || code=$?
    place="^scenarios/$3\.yaml(:[0-9]+:[0-9]+)?: fail \($world\): "
    line=$(grep -E "$place$4: " "$folder/said" | head -n 1)
    if [ "$code" -eq 1 ] && [ -n "$line" ]; then
        echo "caught: $line"
    else
        echo "FAILED: exit code $code, no failing $4:"
        cat "$folder/said"
    fi
    rm -f "$folder"/tollgate* "$folder"/mock-tollama "$folder"/defect.*
}

tab=$(printf '\t')
while IFS=$tab read -r name worlds file scenario check edit; do
    case $name in '#'*) continue ;; esac
    case $worlds in "$world" | both) ;; *) continue ;; esac
    grep -q "| \`$name\` " "$source/docs/trust.md" ||
        echo "FAILED: docs/trust.md does not list it" >"$work/$name.unlisted.verdict"
    plant_beside "$at_once" "$work/$name.verdict" try "$name" "$file" "$scenario" "$check" "$edit"
done <"$source/tests/project/defects.tsv"
plant_verdicts "$work" caught
