#!/bin/sh
# Measures the targets of the project beside their peers, in one run and alternately, and prints one
# Markdown table. Not a gate: it always ends with 0 unless a server fails to start.
# usage: bench.sh BIN_DIR NGINX        (./dev bench calls it)
set -eu
bin=$1
nginx=$2
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
rounds=${BENCH_ROUNDS:-5}
seconds=${BENCH_SECONDS:-1}
dir=$(mktemp -d "${TMPDIR:-/tmp}/tollgate-bench.XXXXXX")
pids=

stop_all() {
    trap - EXIT INT TERM
    for pid in $pids; do kill "$pid" 2>/dev/null || true; done
    for pid in $pids; do
        tries=0
        while kill -0 "$pid" 2>/dev/null && [ "$tries" -lt 30 ]; do
            tries=$((tries + 1))
            sleep 0.1
        done
        kill -9 "$pid" 2>/dev/null || true
    done
    rm -rf "$dir"
}
trap stop_all EXIT
trap 'exit 130' INT TERM

say() { echo "$*" >&2; }

fail() {
    say "bench: $*"
    exit 4
}

# start NAME COMMAND...: sets pid_NAME and, from the line "ready on http://...:PORT", port_NAME.
start() {
    name=$1
    shift
    : >"$dir/$name.out"
    "$@" >"$dir/$name.out" 2>&1 &
    pid=$!
    pids="$pids $pid"
    tries=0
    port=
    while [ -z "$port" ]; do
        port=$(sed -n 's|.*ready on http://[^ ]*:\([0-9]*\)$|\1|p' "$dir/$name.out")
        tries=$((tries + 1))
        [ "$tries" -lt 100 ] || fail "$name did not start: $(tail -1 "$dir/$name.out")"
        [ -n "$port" ] || sleep 0.1
    done
    eval "pid_$name=$pid port_$name=$port"
}

start_runtime() {
    name=$1
    upstream=$2
    shift 2
    start "$name" "$bin/tollgate-runtime" --config "$root/configs/prod.yaml" \
        --set warmup_enabled=false --upstream "http://127.0.0.1:$upstream" --listen 127.0.0.1:0 "$@"
}

# nginx cannot take any free port and say which: others are tried.
start_nginx() {
    for try in 1 2 3 4 5 6 7 8; do
        port_nginx=$((20000 + ($$ * 7 + try * 1009) % 20000))
        mkdir -p "$dir/nginx/cache"
        sed -e "s|@DIR@|$dir/nginx|" -e "s|@PORT@|$port_nginx|" -e "s|@MOCK@|$port_mock|" \
            -e "s|@RUNTIME@|$port_hit|" -e "s|@BODY@|$(printf '%664s' '' | tr ' ' x)|" \
            "$here/nginx.conf.in" >"$dir/nginx.conf"
        "$nginx" -p "$dir/nginx" -e "$dir/nginx/error.log" -c "$dir/nginx.conf" &
        pid_nginx=$!
        sleep 0.5
        if kill -0 "$pid_nginx" 2>/dev/null; then
            pids="$pids $pid_nginx"
            return
        fi
    done
    fail "nginx did not start: $(tail -1 "$dir/nginx/error.log")"
}

# load NAME ARGS...: one round; its line goes to $dir/NAME.rounds.
load() {
    name=$1
    shift
    "$bin/bench-load" --seconds "$seconds" "$@" >>"$dir/$name.rounds"
}

# median NAME COLUMN (1 requests 2 errors 3 rps 4 p50 5 p90 6 p99 7 min 8 max 9 cpu 10 bytes)
median() {
    awk -v c="$2" '{ print $c }' "$dir/$1.rounds" | sort -n |
        awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

errors() { awk '{ e += $2 } END { print e + 0 }' "$dir/$1.rounds"; }

calc() { awk "BEGIN { printf \"$1\", $2 }"; }

# row WHAT MEASURED PEER RATIO TARGET MET(awk condition)
row() {
    met=-
    [ "$5" = - ] || met=$(awk "BEGIN { print ($6) ? \"yes\" : \"**no**\" }")
    echo "| $1 | $2 | $3 | $4 | $5 | $met |"
}

per_second() { printf '%s/s, %s us CPU' "$(median "$1" 3)" "$(median "$1" 9)"; }

check() {
    [ "$(errors "$1")" -eq 0 ] || say "bench: $(errors "$1") errors in $1: its row says little"
}

. "$here/rows_mock.sh"
. "$here/rows_sim.sh"
. "$here/rows.sh"
