#!/bin/sh
# The judge of ./dev mutate, with tables written by hand: a survivor that nobody accepted is exit
# code 1, one that mutants.allow names is not; a score under its least is.
#
# usage: judge_test.sh MUTANTS_REPORT
set -eu
judge=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/points"

# Twenty mutants of one function; the last survives, and a 21st is of what no scenario drives.
i=1
printf '0\tall\tcalm\tstorm\n' >"$work/results.tsv"
while [ "$i" -le 20 ]; do
    printf '%s\t7\tage\tconstant\t%s\t(%s + 1)\n' "$i" "$i" "$i"
    if [ "$i" -lt 20 ]; then
        printf '%s\tfailed\tcalm/invariant.cache\tstorm/order\n' "$i" >>"$work/results.tsv"
    else
        printf '%s\tchanged\n' "$i" >>"$work/results.tsv"
    fi
    i=$((i + 1))
done >"$work/points/cache.tsv"
printf '21\t9\tname\tconstant\t21\t(21 + 1)\n' >>"$work/points/cache.tsv"
printf 'cache.c\tname\t*\tnames\n' >"$work/not_simulated"
: >"$work/same.tsv"

# judged WHAT EXIT_CODE [LEAST]: fails unless the judge ends so.
judged() {
    code=0
    "$judge" "$work" "$work/allow" "$work/not_simulated" "${3:-950}" 900 >"$work/out" 2>&1 ||
        code=$?
    [ "$code" -eq "$2" ] && return
    echo "FAILED: $1: exit code $code instead of $2"
    cat "$work/out"
    exit 1
}
# said TEXT FILE: fails unless the file says so.
said() {
    grep -qF "$1" "$2" && return
    echo "FAILED: \"$1\" is not in $(basename "$2"):"
    cat "$2"
    exit 1
}
tab=$(printf '\t')

: >"$work/allow"
printf '21\tcache_test\n' >"$work/units.tsv"
judged "a survivor that nobody accepted" 1
said "runtime/core/cache.c:7: survivor 20 in age (constant): 20 -> (20 + 1); runs differ" "$work/out"
said "1 survivors not accepted" "$work/out"

echo "cache.c${tab}age${tab}20${tab}(20 + 1)${tab}accepted: no scenario is so old" >"$work/allow"
judged "an accepted survivor" 0
said "95.0 % of 20 mutants killed by the catalogue; 100.0 % of 1" "$work/out"
judged "an accepted survivor that makes the score too low" 1 951

echo "cache.c${tab}age${tab}20${tab}(20 + 1)${tab}equivalent: nobody is so old" >"$work/allow"
judged "an equivalent one, which is not counted" 0 1000
said "100.0 % of 19 mutants" "$work/out"

echo "cache.c${tab}age${tab}19${tab}*${tab}accepted: another one" >>"$work/allow"
judged "a row of no use" 0
said "no survivor is like cache.c age: 19 -> *; remove the row" "$work/out"

: >"$work/units.tsv"
judged "a survivor of the unit tests" 1
said "survivor 21 in name" "$work/out"

# The catalogue must know it; that a unit test does is only told.
: >"$work/allow"
printf '20\tcache_test\n21\tcache_test\n' >"$work/units.tsv"
judged "a survivor that a unit test kills" 1
said "every check passes; killed by cache_test" "$work/out"

said "| driven by the simulator, killed by the catalogue | 20 | 19 | 95.0 % |" "$work/summary.md"
said "2 of 2 scenarios kill nothing alone: calm storm." "$work/summary.md"
said ",calm,storm" "$work/matrix.csv"
said ',"invariant.cache","order"' "$work/matrix.csv"
said "<del>20</del>" "$work/index.html"
said "| scenario | kills | alone |" "$work/summary.md"
said "<th>kills<th>alone" "$work/index.html"

# Where each mutant met no second scenario, nobody can say who kills alone.
sed '1s/all/first/' "$work/results.tsv" >"$work/first.tsv"
mv "$work/first.tsv" "$work/results.tsv"
judged "a survivor of --first" 1
said "| scenario | kills |" "$work/summary.md"
if grep -q " alone |\|kill nothing alone" "$work/summary.md" ||
    grep -q "<th>alone" "$work/index.html"; then
    echo "FAILED: --first cannot know who kills alone"
    exit 1
fi
