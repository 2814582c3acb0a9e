#!/bin/sh
# Breaks the policy core in every small way there is, one at a time, and sees whether the catalogue
# notices.
#
# usage: mutate.sh SOURCE_DIR BUILD_DIR OUT_DIR [--first]
# --first leaves a mutant alone once a scenario killed it: the score sooner, without the matrix.
#
# 1. Mutants of which the compiler makes the original's code, or an earlier mutant's, are set
#    aside (trivial compiler equivalence: Papadakis et al. 2015).
# 2. The others meet the catalogue in the simulator, and the edges of time of scenarios/sim.
# 3. Mutants of what the simulator does not drive (not_simulated.tsv: texts for people, life cycle,
#    reload, the program around the engine) meet the core's unit tests.
# 4. The report: summary.md, matrix.csv, index.html. Exit 1 for a survivor that mutants.allow does
#    not name, or a score under 95 %.
set -eu
source=$1 build=$2 out=$3 first=${4:-}
jobs=$(nproc)
folder=$source/tests/mutation
woven=$build/woven
least_permille=950
least_permille_units=900

if [ -n "$(find "$woven" -newer "$build/tests/mutation/mutants_runner" -name '*.c')" ]; then
    echo "error: the mutants in $build are newer than the programs; build it again" >&2
    exit 2
fi

mkdir -p "$out/points" "$build/same"
rm -f "$out"/points/*.tsv
cp "$woven"/*.tsv "$out/points/"

# code_of FILE ID: a digest of the code with that mutant alone.
cat >"$build/code_of" <<CODE
#!/bin/sh
printf '%s\t%s\n' "\$2" "\$(\${CC:-cc} -std=c11 -D_GNU_SOURCE -w -O2 -g0 -DMUTANT_FIXED="\$2" \\
    -I"$build/include/core" -I"$build/include/base" -S -o - "\$1" | md5sum | cut -c1-32)"
CODE
chmod +x "$build/code_of"

: >"$out/same.tsv"
echo "setting aside mutants that the compiler cannot tell from others"
for file in "$woven"/*.c; do
    name=$(basename "$file" .c)
    known=$build/same/$name.$(md5sum <"$file" | cut -c1-32)
    if [ ! -e "$known" ]; then
        rm -f "$build/same/$name".*
        { echo 0; cut -f1 "$woven/$name.tsv"; } | xargs -P "$jobs" -n 1 "$build/code_of" "$file" |
            sort -n >"$known.part"
        mv "$known.part" "$known"
    fi
    awk -F'\t' '$2 in first { print $1 "\t" first[$2]; next } { first[$2] = $1 }' "$known" \
        >>"$out/same.tsv"
done

# ids 1: of the mutants that the simulator drives; ids 0: of the others.
ids() {
    for points in "$woven"/*.tsv; do
        awk -F'\t' -v file="$(basename "$points" .tsv).c" -v driven="$1" '
            NR == FNR { if ($1 == file) not[$2 FS $3] = 1; next }
            driven != (("*" FS "*") in not || ($3 FS "*") in not || ($3 FS $5) in not) { print $1 }
        ' "$folder/not_simulated.tsv" "$points"
    done
}
without_same() { awk -F'\t' 'NR == FNR { same[$1] = 1; next } !($1 in same)' "$out/same.tsv" -; }

ids 1 | without_same | sort -n >"$out/ids"
echo "$(wc -l <"$out/ids") mutants meet the catalogue"
# shellcheck disable=SC2086 # nothing, or one word
"$build/tests/mutation/mutants_runner" $first "$jobs" "$out/ids" "$out/results.tsv" \
    "$source/scenarios" "$source/scenarios/sim"

# tests_of MODULE: the core's unit tests, those of its own name before the others. The walks of the
# engine, which are long, come last, and only where the engine uses the module.
tests_of() {
    for test in "$build"/tests/core/*_test; do
        case ${test##*/} in
        engine_walk_test)
            case $1 in
            warmup | rate_limit | supervision | throttle | l2_reconnect) ;;
            *) echo "4 $test" ;;
            esac
            ;;
        "$1"_*) echo "1 $test" ;;
        "${1%%_*}"_*) echo "2 $test" ;;
        *) echo "3 $test" ;;
        esac
    done | sort | cut -d' ' -f2
}
mkdir -p "$build/tests_of"
for points in "$woven"/*.tsv; do
    module=$(basename "$points" .tsv)
    tests_of "$module" >"$build/tests_of/$module"
    cut -f1 "$points" | sed "s/\$/\t$module/"
done >"$out/modules"

# One mutant meets the unit tests until one fails. Computing is limited, not waiting: a mutant that
# hangs is found on a busy machine too, and no other is taken for it. The C library looks at the heap's
# edges (as the sanitizers do in CI, which would need a build of their own).
cat >"$build/units_of" <<UNITS
#!/bin/sh
ulimit -c 0
exec 2>/dev/null # the shell's own sentences about those that die
while read -r test; do
    (
        case \$test in *walk_test) ulimit -t 30 ;; *) ulimit -t 1 ;; esac
        export TOLLGATE_MUTANT="\$1" MALLOC_CHECK_=3
        LD_PRELOAD=libc_malloc_debug.so.0 exec timeout 120 "\$test"
    ) >/dev/null && continue
    printf '%s\t%s\n' "\$1" "\${test##*/}"
    exit 0
done <"$build/tests_of/\$2"
UNITS
chmod +x "$build/units_of"
"$build/units_of" 0 engine >"$out/whole"
if [ -s "$out/whole" ]; then
    echo "error: a unit test fails without any mutant: $(cat "$out/whole")" >&2
    exit 2
fi
rm -f "$out/whole"

# Survivors of the catalogue too: the report says where a unit test knows better.
{
    ids 0 | without_same
    awk -F'\t' '$2 == "survived" || $2 == "changed" { print $1 }' "$out/results.tsv"
} >"$out/ids"
echo "$(wc -l <"$out/ids") mutants meet the unit tests"
awk -F'\t' 'NR == FNR { of[$1] = $2; next } { print $1, of[$1] }' "$out/modules" "$out/ids" |
    xargs -P "$jobs" -n 2 "$build/units_of" | sort -n >"$out/units.tsv"
rm -f "$out/ids" "$out/modules"

"$build/tests/mutation/mutants_report" "$out" "$folder/mutants.allow" "$folder/not_simulated.tsv" \
    "$least_permille" "$least_permille_units"
