#!/bin/sh
# tests/project/trust.sh: counts what a run printed, keeps it, goes on where it stopped.
# usage: trust_test.sh SOURCE_DIR
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trust="$1/tests/project/trust.sh"

fail() {
    echo "$1:" >&2
    cat "$scratch/said" >&2
    exit 1
}

says() {
    grep -qF "$1" "$scratch/said" || fail "it does not say \"$1\""
}

# A program that prints what tollgate prints, and exits as told.
cat >"$scratch/tollgate" <<'END'
#!/bin/sh
here=$(dirname "$0")
echo run >>"$here/runs"
cat "$here/output"
exit "$(cat "$here/code")"
END
chmod +x "$scratch/tollgate"

cat >"$scratch/output" <<'END'
calm: real started, 4 s
calm: the load generator lagged: p99 is 9.0 ms; playing it again, with few others
calm: real pass (4.2 s); 2 of 2 done

  scenario                 world verdict            n   p95 ms    cache
  calm                     sim   pass              80     10.5        2
  calm                     real  pass              80     14.8        2
  storm                    sim   pass              80     10.5        2
  storm                    real  pass              80     14.8        2
L1 agreement: 159 of 160 decided requests (99.38 %)
All 2 scenarios passed in both worlds.
report: x/index.html
END
echo 0 >"$scratch/code"
sh "$trust" "$scratch/tollgate" "$scratch/file" 2 >"$scratch/said" 2>&1 || fail "two good runs"
says "2 runs of commit"
says "4 scenarios over sockets"
says "FAIL 0, INVALID 0, INCONCLUSIVE 0, disagreeing 0; exit code other than 0: 0"
says "played again: 1.00 scenarios per run"
says "L1 agreement, %, min / median / max: 99.375 / 99.375 / 99.375"

# One more than there are; it fails, and so does the whole.
sed 's/storm                    real  pass/storm                    real  fail/' "$scratch/output" \
    >"$scratch/failed"
mv "$scratch/failed" "$scratch/output"
echo 1 >"$scratch/code"
sh "$trust" "$scratch/tollgate" "$scratch/file" 3 >"$scratch/said" 2>&1 && fail "a failing run"
[ "$(wc -l <"$scratch/runs")" -eq 3 ] || fail "it did not go on where it was"
says "3 runs of commit"
says "FAIL 1, INVALID 0"
[ -s "$scratch/file.runs/run-3.txt" ] || fail "what the failing run printed is lost"

# Bad usage is no run.
echo 2 >"$scratch/code"
sh "$trust" "$scratch/tollgate" "$scratch/file" 4 >"$scratch/said" 2>&1 && fail "bad usage"
[ "$(wc -l <"$scratch/file")" -eq 4 ] || fail "bad usage was counted as a run"
