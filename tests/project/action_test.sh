#!/bin/bash
# The step of action.yml that runs scenarios, as GitHub would run it in somebody else's repository.
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

# Of tollgate's checkout the step has what the action's folder holds, and no more.
mkdir -p "$work/action/build/release/bin" "$work/temp" "$work/space/resilience"
ln -s "$tollgate" "$work/action/build/release/bin/tollgate"
cp -r "$source/configs" "$work/action/configs"
cp "$source/scenarios/healthy.yaml" "$work/space/resilience/"
export GITHUB_ACTION_PATH="$work/action" RUNNER_TEMP="$work/temp" GITHUB_ACTIONS=true
export GITHUB_STEP_SUMMARY="$work/summary" GITHUB_OUTPUT="$work/output"
export GITHUB_WORKSPACE="$work/space"
export SCENARIOS=resilience CONFIGS='' WORLD=sim TIER=gate BASELINE='' COVERAGE='' ARGS=''
cd "$work/space"

step() {
    : >"$GITHUB_STEP_SUMMARY"
    : >"$GITHUB_OUTPUT"
    code=0
    bash --noprofile --norc -e -o pipefail "$work/step.sh" >"$work/log" 2>&1 || code=$?
    report=$(sed -n 's/^report=//p' "$GITHUB_OUTPUT")
}

step
[ "$code" -eq 0 ] || fail "a pass gives $code: $(cat "$work/log")"
grep -q 'exit-code=0' "$GITHUB_OUTPUT" || fail "no exit code among the outputs"
grep -q '^## tollgate ✅' "$GITHUB_STEP_SUMMARY" || fail "no summary"
[ -s "$report/index.html" ] || fail "no report"

# A baseline that is not there yet is none; one that is there shows the change. It may be the report
# of a step before.
first=$report
BASELINE=absent.json step
[ "$code" -eq 0 ] || fail "without its baseline it gives $code"
BASELINE="$first/result.json" step
grep -q '^Since the baseline' "$GITHUB_STEP_SUMMARY" || fail "no change since the baseline"

# The workspace's own configuration comes first, and the input before both.
mkdir configs
echo 'retry_counts: 1' >configs/prod.yaml
step
[ "$code" -eq 2 ] || fail "the workspace's configuration is not read: $code"
CONFIGS="$work/action/configs" step
[ "$code" -eq 0 ] || fail "the input configs does not count: $code $(cat "$work/log")"
rm -r configs

# Its failure is the step's, with an annotation at the line.
cp resilience/healthy.yaml "$work/healthy.yaml"
sed -i 's/^expect:/expect:\n  - latency: { p90: 1ms }/' resilience/healthy.yaml
ARGS='--seed 3 --quiet' step
[ "$code" -eq 1 ] || fail "a failure gives $code: $(cat "$work/log")"
grep -q '^::error file=resilience/healthy.yaml,line=' "$work/log" || fail "no annotation"
grep -q 'exit-code=1' "$GITHUB_OUTPUT" || fail "no exit code of the failure"
COVERAGE=95% step
[ "$code" -eq 1 ] || fail "too little coverage gives $code"

# A file that cannot be played is shown at its line too, and nothing says that all is well.
sed 's/^duration: .*/duration: 60sec/' "$work/healthy.yaml" >resilience/healthy.yaml
line=$(grep -n '^duration' resilience/healthy.yaml | cut -d: -f1)
step
[ "$code" -eq 2 ] || fail "a damaged file gives $code"
grep -q "^::error file=resilience/healthy.yaml,line=$line,col=11,title=nothing was played::" \
    "$work/log" || fail "no annotation of the damaged file: $(cat "$work/log")"
grep -q '^## tollgate ⛔ Nothing was played: 1 error' "$GITHUB_STEP_SUMMARY" ||
    fail "the summary of a damaged file: $(cat "$GITHUB_STEP_SUMMARY")"
grep -q '✅' "$GITHUB_STEP_SUMMARY" && fail "the summary of an earlier step"
ARGS=--no-such-option step
[ "$code" -eq 2 ] || fail "an unknown option gives $code"
grep -q '^## tollgate ⛔ No report: exit code 2' "$GITHUB_STEP_SUMMARY" ||
    fail "the summary of bad usage: $(cat "$GITHUB_STEP_SUMMARY")"
grep -q '✅' "$GITHUB_STEP_SUMMARY" && fail "the summary of an earlier step"
echo "the action passes, compares, fails and annotates"
