#!/bin/bash
# The step of action.yml that runs scenarios, as GitHub would run it.
# usage: action_test.sh TOLLGATE SOURCE_DIR
set -eu
tollgate=$1
source=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() {
    echo "$1" >&2
    exit 1
}

# The text under `run: |` of the step with the id "run", without its indent.
awk '/id: run/ { step = 1 }
     step && /run: \|/ { inside = 1; next }
     inside && /^    - / { exit }
     inside { sub(/^        /, ""); print }' "$source/action.yml" >"$work/step.sh"
[ -s "$work/step.sh" ] || fail "action.yml has no such step"

mkdir -p "$work/action/build/release/bin" "$work/temp" "$work/space/resilience"
ln -s "$tollgate" "$work/action/build/release/bin/tollgate"
ln -s "$source/configs" "$work/space/configs"
cp "$source/scenarios/healthy.yaml" "$work/space/resilience/"
export GITHUB_ACTION_PATH="$work/action" RUNNER_TEMP="$work/temp" GITHUB_ACTIONS=true
export GITHUB_STEP_SUMMARY="$work/summary" GITHUB_OUTPUT="$work/output"
export SCENARIOS=resilience WORLD=sim TIER=gate BASELINE='' COVERAGE='' ARGS=''
cd "$work/space"

step() {
    : >"$GITHUB_STEP_SUMMARY"
    : >"$GITHUB_OUTPUT"
    code=0
    bash --noprofile --norc -e -o pipefail "$work/step.sh" >"$work/log" 2>&1 || code=$?
}

step
[ "$code" -eq 0 ] || fail "a pass gives $code: $(cat "$work/log")"
grep -q 'exit-code=0' "$GITHUB_OUTPUT" || fail "no exit code among the outputs"
grep -q '^## tollgate ✅' "$GITHUB_STEP_SUMMARY" || fail "no summary"
[ -s "$work/temp/tollgate/index.html" ] || fail "no report"

# A baseline that is not there yet is none; one that is there shows the change.
cp "$work/temp/tollgate/result.json" "$work/space/main.json"
BASELINE=absent.json step
[ "$code" -eq 0 ] || fail "without its baseline it gives $code"
BASELINE=main.json step
grep -q '^Since the baseline' "$GITHUB_STEP_SUMMARY" || fail "no change since the baseline"

# Its failure is the step's, with an annotation at the line.
sed -i 's/^expect:/expect:\n  - latency: { p90: 1ms }/' resilience/healthy.yaml
ARGS='--seed 3 --quiet' step
[ "$code" -eq 1 ] || fail "a failure gives $code: $(cat "$work/log")"
grep -q '^::error file=resilience/healthy.yaml,line=' "$work/log" || fail "no annotation"
grep -q 'exit-code=1' "$GITHUB_OUTPUT" || fail "no exit code of the failure"
COVERAGE=95% step
[ "$code" -eq 1 ] || fail "too little coverage gives $code"
echo "the action passes, compares, fails and annotates"
