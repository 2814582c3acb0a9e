#!/bin/bash
# The job of docs/ci.md, as GitLab would run it in somebody else's project: its lines are taken from
# the page. Cloning is done, installing and building are not. Skipped (77) where there is no git.
# usage: gitlab_test.sh TOLLGATE SOURCE_DIR
set -eu
tollgate=$1
source=$2
command -v git >/dev/null 2>&1 || exit 77
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() {
    echo "$1: $(cat "$work/log")" >&2
    exit 1
}

# The entries of `script:`, a line each; an entry may go on in deeper lines.
awk '/^## GitLab/ { page = 1 }
     page && /^      script:/ { inside = 1; next }
     inside && /^      [a-z]/ { exit }
     inside && /^        - / { if (entry != "") print entry; entry = substr($0, 11); next }
     inside { sub(/^ +/, " "); entry = entry $0 }
     END { print entry }' "$source/docs/ci.md" >"$work/script"
[ "$(wc -l <"$work/script")" -ge 4 ] || { echo "docs/ci.md has no such job" >&2 && exit 1; }

# A tollgate to be cloned: its build is the program under test, which plays in simulation alone.
mkdir -p "$work/origin" "$work/bin" "$work/space/resilience"
cp -r "$source/configs" "$work/origin/"
cat >"$work/origin/dev" <<END
#!/bin/sh
mkdir -p build/release/bin && cp program build/release/bin/tollgate
END
cat >"$work/origin/program" <<END
#!/bin/sh
shift
exec "$tollgate" run --world sim "\$@"
END
printf '#!/bin/sh\n' >"$work/bin/apt-get"
chmod +x "$work/origin/dev" "$work/origin/program" "$work/bin/apt-get"
git -C "$work/origin" init --quiet --initial-branch=main
git -C "$work/origin" add .
git -C "$work/origin" -c user.name=test -c user.email=test@example.org commit --quiet -m origin

cp "$source/scenarios/healthy.yaml" "$work/space/resilience/"
export TOLLGATE="file://$work/origin" TOLLGATE_REF=main CI_PROJECT_DIR="$work/space"
export PATH="$work/bin:$PATH"
unset GITHUB_ACTIONS GITHUB_WORKSPACE
cd "$work/space"
job() {
    rm -rf report junit.xml codequality.json
    code=0
    bash -e -o pipefail "$work/script" >"$work/log" 2>&1 || code=$?
}

job
[ "$code" -eq 0 ] || fail "a pass gives $code"
[ -s report/index.html ] && grep -q '<testsuite ' junit.xml || fail "no report"
[ "$(cat codequality.json)" = '[]' ] || fail "findings of a pass"
rm -rf "$work/origin" # from here on the clone is in the cache
sed -i 's/^expect:/expect:\n  - latency: { p50: 1us }/' resilience/healthy.yaml
job
[ "$code" -eq 1 ] || fail "a failure gives $code"
grep -q '"path":"resilience/healthy.yaml","lines":{"begin":' codequality.json || fail "no finding"
sed -i 's/^duration:.*/duration: 60sec/' resilience/healthy.yaml
job
[ "$code" -eq 2 ] || fail "a damaged file gives $code"
grep -q '"check_name":"tollgate.not_played"' codequality.json || fail "no finding of a damaged file"
echo "the job clones, passes, fails and annotates"
