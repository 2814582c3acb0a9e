#!/bin/sh
# Breaks the policies on purpose, one defect for each invariant, and lets `tollgate hunt` look for it:
# the invariant must be broken within so many random scenarios. docs/search.md lists how many it took.
#
# usage: hunted.sh SOURCE_DIR BINARY_DIR CC "C_FLAGS" [CHECK ...]
#
# To add an invariant: a line in hunted.tsv (check, defect, scenarios at most, file, a sed expression
# that makes the defect; tabs between them). The test fails when an invariant of the judge has none.
set -eu
source=$1 binary=$2 cc=$3 flags=$4
shift 4
seed=1
at_once=$(nproc)
table=$source/tests/project/hunted.tsv

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ulimit -c 0

. "$source/tests/project/plant.sh"

# try CHECK COUNT FILE EDIT FOLDER: says what came of it.
try() {
    mkdir -p "$5"
    plant_compile "$3" "$4" "$5/defect.o" || return 0
    plant_tollgate "$5/tollgate" "$5/defect.o"
    code=0
    (cd "$source" && "$5/tollgate" hunt --seed $seed --count "$2" --finds 1 --check "$1" \
        --out "$5/found") >"$5/said" 2>&1 || code=$?
    line=$(grep -E "^found in story [0-9]+: $1( |\$)" "$5/said" | head -n 1)
    if [ "$code" -eq 1 ] && [ -n "$line" ] && [ -e "$5"/found/hunt-$seed-*.yaml ]; then
        echo "$line"
    else
        echo "FAILED: exit code $code, no $1 in $2 scenarios:"
        cat "$5/said"
    fi
    rm -f "$5"/tollgate "$5"/defect.*
}

# Every invariant of the judge stands in the table.
sed -n 's/^    { "\(invariant\.[a-z_]*\)".*/\1/p' "$source/harness/invariants.c" | while read -r check; do
    cut -f1 "$table" | grep -qx "$check" || echo "FAILED: no defect" >"$work/$check.none.verdict"
done

tab=$(printf '\t')
while IFS=$tab read -r check name count file edit; do
    case $check in '#'*) continue ;; esac
    if [ $# -gt 0 ]; then case " $* " in *" $check "*) ;; *) continue ;; esac; fi
    plant_beside "$at_once" "$work/$check.$name.verdict" \
        try "$check" "$count" "$file" "$edit" "$work/$check"
done <"$table"
plant_verdicts "$work" 'found in story'
