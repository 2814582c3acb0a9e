#!/bin/sh
# The gate tier N times in a row: how often does a good service fail it by chance?
# usage: trust.sh PROGRAM FILE N [ARGS of tollgate run ...]
#
# Appends one line per run to FILE: what was measured stays when it is stopped, and the next
# call goes on until FILE holds N runs. Prints a summary of FILE at the end, or with N = 0 only that.
# Exit codes: 0 no run failed or was invalid; 1 one did, or it was stopped; 2 bad usage.
set -eu

columns='commit started exit wall_s scenarios fail invalid inconclusive disagree replays'
columns="$columns l1_agree l1_decided"

bad_usage() {
    echo "error: $1; usage: trust.sh PROGRAM FILE N [ARGS of tollgate run ...]" >&2
    exit 2
}

# What a run printed -> the columns from `scenarios` on.
figures() {
    awk '
        $2 == "real" && $1 !~ /:$/ && $4 ~ /^[0-9]+$/ { # a row of the final table
            scenarios++
            count[$3]++
        }
        /; playing it again, / { replays++ }
        /^L1 agreement:/ { agree = $3; decided = $5 }
        /the worlds DISAGREE/ { if (!differs[$1]++) disagree++ }
        END {
            print scenarios + 0, count["fail"] + 0, count["invalid"] + 0, \
                count["inconclusive"] + 0, disagree + 0, replays + 0, agree + 0, decided + 0
        }' "$1"
}

# Nearest rank of a sorted column: $1 of 100.
rank() {
    awk -v percent="$1" '
        { value[NR] = $1 }
        END { at = int((NR * percent + 99) / 100); print value[at < 1 ? 1 : at] }'
}

spread() {
    sort -n "$scratch/column" >"$scratch/sorted"
    printf '%s / %s / %s' "$(rank 0 <"$scratch/sorted")" "$(rank 50 <"$scratch/sorted")" \
        "$(rank 100 <"$scratch/sorted")"
}

summary() {
    grep -v '^commit' "$file" >"$scratch/runs" || { echo "no runs yet"; return 0; }
    awk '
        { runs++; scenarios += $5; fail += $6; invalid += $7; open += $8; disagree += $9
          replays += $10; bad += $3 != 0; commits[$1] = 1 }
        END {
            for (commit in commits) names = names " " commit
            printf "%d runs of commit%s: %d scenarios over sockets\n", runs, names, scenarios
            printf "FAIL %d, INVALID %d, INCONCLUSIVE %d, disagreeing %d; ", \
                fail, invalid, open, disagree
            printf "exit code other than 0: %d\n", bad
            printf "played again: %.2f scenarios per run\n", replays / runs
        }' "$scratch/runs"
    awk '{ print $4 }' "$scratch/runs" >"$scratch/column"
    echo "wall time, s, min / median / max: $(spread)"
    awk '$12 > 0 { printf "%.3f\n", 100 * $11 / $12 }' "$scratch/runs" >"$scratch/column"
    echo "L1 agreement, %, min / median / max: $(spread)"
    awk '$6 > 0 || $7 > 0 || $3 == 2 { bad = 1 } END { exit bad }' "$scratch/runs"
}

[ $# -ge 3 ] || bad_usage "too few arguments"
program=$1
file=$2
wanted=$3
shift 3
case $wanted in
'' | *[!0-9]*) bad_usage "$wanted is not a number of runs" ;;
esac

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'summary; exit 1' INT TERM HUP
mkdir -p "$(dirname "$file")"
[ -s "$file" ] || echo "$columns" >"$file"
commit=$(git rev-parse --short HEAD 2>/dev/null || echo unknown)

run=$(($(wc -l <"$file") - 1))
while [ "$run" -lt "$wanted" ]; do
    run=$((run + 1))
    started=$(date -u +%Y-%m-%dT%H:%M:%SZ)
    began=$(date +%s%N)
    code=0
    "$program" run --world both --tier gate --out "$scratch/out" --annotations none "$@" \
        >"$scratch/said" 2>&1 || code=$?
    wall=$(awk -v ns=$(($(date +%s%N) - began)) 'BEGIN { printf "%.1f", ns / 1e9 }')
    if [ "$code" -eq 2 ]; then
        cat "$scratch/said" >&2
        exit 2
    fi
    if grep -q '^Interrupted' "$scratch/said"; then
        summary
        exit 1
    fi
    line="$commit $started $code $wall $(figures "$scratch/said")"
    echo "$line" >>"$file"
    echo "run $run of $wanted: exit $code, $wall s, $(tail -n 2 "$scratch/said" | head -n 1)"
    if [ "$code" -ne 0 ]; then
        mkdir -p "$file.runs"
        cp "$scratch/said" "$file.runs/run-$run.txt"
    fi
    rm -rf "$scratch/out"
done
summary
