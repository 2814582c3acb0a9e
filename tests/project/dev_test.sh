#!/bin/sh
# ./dev tells who mistypes an option before it installs or builds anything.
#
# usage: dev_test.sh SOURCE_DIR
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$1/dev" "$work/dev"
mkdir "$work/bin"
for program in apt-get sudo cmake ninja pkg-config; do
    printf '#!/bin/sh\necho %s >>"%s/started"\nexit 1\n' "$program" "$work" >"$work/bin/$program"
    chmod +x "$work/bin/$program"
done
PATH=$work/bin:$PATH

# ended WITH TEXT ARGUMENTS ...
ended() {
    with=$1 text=$2
    shift 2
    code=0
    "$work/dev" "$@" >"$work/out" 2>&1 || code=$?
    if [ "$code" -ne "$with" ] || ! grep -qF -e "$text" "$work/out" || [ -e "$work/started" ]; then
        echo "FAILED: ./dev $*: exit code $code instead of $with, or no \"$text\", or started:"
        cat "$work/out" "$work/started"
        exit 1
    fi
}

ended 0 "usage: ./dev mutate" mutate --help
ended 0 "usage: ./dev mutate" mutate --first -h
ended 2 "see: ./dev mutate --help" mutate --frist
ended 2 "see: ./dev mutate --help" mutate --first now
