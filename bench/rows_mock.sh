# The mock's rows; sourced by bench.sh. Other mocks are measured beside it when they are named:
# BENCH_MOUNTEBANK=.../node_modules/.bin/mb (npm install mountebank), BENCH_WIREMOCK=.../wiremock.jar.

mock_speed() {
    "$bin/bench-load" --to "$port_mock" --shape tollama --requests 1 >"$dir/one"
    mkfifo "$dir/bare.in"
    "$bin/bench-bare-mhd" "$(awk '{ print $10 }' "$dir/one")" <"$dir/bare.in" >"$dir/bare.port" &
    pid_bare=$!
    pids="$pids $pid_bare"
    exec 9>"$dir/bare.in"
    sleep 0.3
    for _ in $(seq "$rounds"); do
        load mock --to "$port_mock" --shape tollama --keys 100000 --pid "$pid_mock"
        load again --to "$port_mock" --shape tollama --keys 100 --pid "$pid_mock"
        load bare --to "$(cat "$dir/bare.port")" --shape tollama --pid "$pid_bare"
    done
    exec 9>&-
    check mock
    check again
    check bare
    ratio=$(calc %.2f "$(median mock 3) / $(median bare 3)")
    cpu=$(calc %.2f "$(median bare 9) / $(median mock 9)")
    row "mock, no faults, 10 KB POST /v1/forecast" "$(per_second mock)" \
        "bare libmicrohttpd: $(per_second bare)" "${ratio}x (by CPU ${cpu}x)" ">= 0.8x" \
        "$ratio >= 0.8"
    ratio=$(calc %.2f "$(median again 3) / $(median bare 3)")
    cpu=$(calc %.2f "$(median bare 9) / $(median again 9)")
    row "the same, 100 bodies again and again" "$(per_second again)" "the same" \
        "${ratio}x (by CPU ${cpu}x)" ">= 0.8x" "$ratio >= 0.8"
}

mock_delays() {
    start delay "$bin/mock-tollama" --listen 127.0.0.1:0 --scenario "$here/delay.yaml"
    for _ in $(seq "$rounds"); do
        load delay --to "$port_delay" --shape tollama --connections 1000 --period-us 250000 \
            --spread-us 50000
    done
    check delay
    p50=$(calc %.2f "$(median delay 4) / 1000 - 50")
    p99=$(calc %.2f "$(median delay 6) / 1000 - 50")
    least=$(awk '{ print $7 / 1000 - 50 }' "$dir/delay.rounds" | sort -n | head -1)
    row "mock, 1,000 concurrent delays of 50 ms, as the client sees them" \
        "error p50 $p50 ms, p99 $p99 ms, least $least ms" "-" "-" "p99 <= 2 ms, none early" \
        "$p99 <= 2 && $least >= 0"
}

# nginx with a fixed answer reads no request and makes no forecast: the least that a mock can do.
mock_static() {
    for _ in $(seq "$rounds"); do
        load static --to "$port_mock" --shape tollama --pid "$pid_mock"
        load static_nginx --to "$port_nginx" --shape tollama --path /static --pid "$pid_nginx"
    done
    check static
    check static_nginx
    row "mock, no faults, one request again and again" "$(per_second static)" \
        "nginx with a fixed answer: $(per_second static_nginx)" \
        "$(calc %.2f "$(median static 3) / $(median static_nginx 3)")x" "-" 1
}

# Sets port_mountebank: an imposter whose answers wait 50 ms on /delay and not at all elsewhere.
start_mountebank() {
    port_mountebank=$((20000 + ($$ * 11) % 20000))
    body=$(printf '%664s' '' | tr ' ' x)
    headers='{ "Connection": "keep-alive", "Content-Length": "664" }'
    is="\"is\": { \"headers\": $headers, \"body\": \"$body\" }"
    cat >"$dir/imposters.json" <<END
{ "imposters": [ { "port": $port_mountebank, "host": "127.0.0.1", "protocol": "http", "stubs": [
  { "predicates": [ { "equals": { "path": "/delay" } } ],
    "responses": [ { $is, "behaviors": [ { "wait": 50 } ] } ] },
  { "responses": [ { $is } ] } ] } ] }
END
    "$BENCH_MOUNTEBANK" start --port $((port_mountebank + 1)) --host 127.0.0.1 --nologfile \
        --loglevel error --pidfile "$dir/mb.pid" --configfile "$dir/imposters.json" \
        >"$dir/mountebank.out" 2>&1 &
    pid_mountebank=$!
    pids="$pids $pid_mountebank"
}

# The same with WireMock's jar.
start_wiremock() {
    port_wiremock=$((20000 + ($$ * 13) % 20000))
    mkdir -p "$dir/wiremock/mappings"
    body=$(printf '%664s' '' | tr ' ' x)
    for path in delay static; do
        wait=$([ "$path" = delay ] && echo ', "fixedDelayMilliseconds": 50' || true)
        echo "{ \"request\": { \"method\": \"POST\", \"url\": \"/$path\" }," \
            "\"response\": { \"status\": 200, \"body\": \"$body\"$wait } }" \
            >"$dir/wiremock/mappings/$path.json"
    done
    java -jar "$BENCH_WIREMOCK" --port "$port_wiremock" --bind-address 127.0.0.1 \
        --root-dir "$dir/wiremock" --no-request-journal --disable-banner \
        --use-chunked-encoding never --container-threads 100 >"$dir/wiremock.out" 2>&1 &
    pid_wiremock=$!
    pids="$pids $pid_wiremock"
}

# One request until it is answered: a program of another language takes seconds to start.
await() {
    tries=0
    until "$bin/bench-load" --to "$2" --shape tollama --path "$3" --requests 1 >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ "$tries" -lt 100 ] || fail "$1 did not start: $(tail -1 "$dir/$1.out")"
        sleep 0.2
    done
}

delay_error() {
    printf 'p50 %s ms, p99 %s ms, least %s ms' "$(calc %.2f "$(median "$1" 4) / 1000 - 50")" \
        "$(calc %.2f "$(median "$1" 6) / 1000 - 50")" \
        "$(awk '{ print $7 / 1000 - 50 }' "$dir/$1.rounds" | sort -n | head -1)"
}

# 50 connections, 500 requests/s: little enough for each of them.
mock_peer() {
    peer=$1
    port=$2
    await "$peer" "$port" /static
    for _ in $(seq "$rounds"); do
        load "static_$peer" --to "$port" --shape tollama --path /static --pid "$3"
        load "delay_$peer" --to "$port" --shape tollama --path /delay --connections 50 \
            --period-us 100000
        load "few_$peer" --to "$port_delay" --shape tollama --connections 50 --period-us 100000
        load "own_$peer" --to "$port_mock" --shape tollama --pid "$pid_mock"
    done
    row "mock beside $peer, one request again and again" "$(per_second "own_$peer")" \
        "$peer, a fixed answer: $(per_second "static_$peer")" \
        "$(calc %.1f "$(median "own_$peer" 3) / $(median "static_$peer" 3)")x" "-" 1
    row "mock beside $peer, 500 delays of 50 ms a second: error" "$(delay_error "few_$peer")" \
        "$peer: $(delay_error "delay_$peer")" "-" "-" 1
}

mock_peers() {
    [ -n "${port_delay:-}" ] ||
        start delay "$bin/mock-tollama" --listen 127.0.0.1:0 --scenario "$here/delay.yaml"
    if [ -n "${BENCH_MOUNTEBANK:-}" ]; then
        start_mountebank
        mock_peer mountebank "$port_mountebank" "$pid_mountebank"
    fi
    if [ -n "${BENCH_WIREMOCK:-}" ]; then
        start_wiremock
        mock_peer wiremock "$port_wiremock" "$pid_wiremock"
    fi
}

# Lines of 400 bytes: more than the ring holds.
mock_memory() {
    start ledger "$bin/mock-tollama" --listen 127.0.0.1:0 --ledger "$dir/ledger.jsonl"
    "$bin/bench-load" --to "$port_ledger" --shape tollama --keys 100000 --requests 20000 \
        --seconds 60 >"$dir/ledger.rounds"
    check ledger
    resident=$(resident_mib "$pid_ledger")
    row "mock, 20,000 lines in its ledger" "$resident MiB resident" "-" "-" "< 30 MiB" \
        "$resident < 30"
}
