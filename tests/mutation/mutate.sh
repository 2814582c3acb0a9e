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
#    reload, the second level, the program around the engine) meet the core's unit tests.
# 4. The report: summary.md, matrix.csv, index.html. Exit 1 for a survivor that mutants.allow does
#    not name, or a score under 95 %.
set -eu
source=$1 build=$2 out=$3 first=${4:-}
jobs=$(nproc)
folder=$source/tests/mutation
woven=$build/woven
least_permille=950

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

# One mutant meets the unit tests until one fails.
cat >"$build/units_of" <<UNITS
#!/bin/sh
for test in "$build"/tests/core/*_test; do
    case \$test in *walk_test) continue ;; esac # seconds long
    TOLLGATE_MUTANT=\$1 timeout 5 "\$test" >/dev/null 2>&1 && continue
    printf '%s\t%s\n' "\$1" "\$(basename "\$test")"
    exit 0
done
UNITS
chmod +x "$build/units_of"
TOLLGATE_MUTANT=0 "$build/units_of" 0 >"$out/whole"
if [ -s "$out/whole" ]; then
    echo "error: a unit test fails without any mutant: $(cat "$out/whole")" >&2
    exit 2
fi
rm -f "$out/whole"
ids 0 | without_same >"$out/ids"
echo "$(wc -l <"$out/ids") mutants meet the unit tests"
xargs -P "$jobs" -n 1 "$build/units_of" <"$out/ids" | sort -n >"$out/units.tsv"
rm -f "$out/ids"

"$build/tests/mutation/mutants_report" "$out" "$folder/mutants.allow" "$folder/not_simulated.tsv" \
    "$least_permille"
