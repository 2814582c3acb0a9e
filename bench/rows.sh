# The rows of the table, one function each; sourced by bench.sh. To add one: a function, and its name
# in the list at the end.

cache_hit() {
    fresh='"cache_state":"fresh"'
    "$bin/bench-load" --to "$port_hit" --keys 100 --requests 100 >/dev/null
    "$bin/bench-load" --to "$port_nginx" --keys 100 --requests 100 >/dev/null
    for _ in $(seq "$rounds"); do
        load hit --to "$port_hit" --keys 100 --pid "$pid_hit" --expect "$fresh"
        load hit_nginx --to "$port_nginx" --keys 100 --pid "$pid_nginx" --expect "X-Cache: HIT"
    done
    check hit
    check hit_nginx
    ratio=$(calc %.2f "$(median hit 3) / $(median hit_nginx 3)")
    cpu=$(calc %.2f "$(median hit_nginx 9) / $(median hit 9)")
    row "fresh cache hit, 2.7 KB POST, 100 keys" "$(per_second hit)" \
        "nginx proxy_cache by body: $(per_second hit_nginx)" "${ratio}x (by CPU ${cpu}x)" \
        ">= 2.5x" "$ratio >= 2.5"
}

open_breaker() {
    # Nothing listens on port 1: each attempt fails until the breaker opens, and then none is made.
    start_runtime open 1 --set retry_count=0 --set breaker_cooldown_s=600
    "$bin/bench-load" --to "$port_open" --keys 1000 --requests 1000 >/dev/null
    for _ in $(seq "$rounds"); do
        load open --to "$port_open" --keys 100000 --connections 16 --pid "$pid_open" \
            --expect '"code":"BASELINE_FALLBACK","cause":"CIRCUIT_OPEN"'
    done
    check open
    p99=$(calc %.2f "$(median open 6) / 1000")
    row "open breaker, baseline, all requests distinct" "$(per_second open), p99 $p99 ms" "-" "-" \
        ">= 30000/s, p99 <= 2 ms" "$(median open 3) >= 30000 && $p99 <= 2"
}

full_path() {
    for _ in $(seq "$rounds"); do
        load full --to "$port_full" --keys 100000 --pid "$pid_full" --expect '"runtime":"tollama"'
        load pass --to "$port_nginx" --shape tollama --keys 100000 --pid "$pid_nginx"
    done
    check full
    check pass
    ratio=$(calc %.2f "$(median full 3) / $(median pass 3)")
    cpu=$(calc %.2f "$(median pass 9) / $(median full 9)")
    row "full path, no cache" "$(per_second full)" \
        "nginx proxy_pass of the model's request: $(per_second pass)" "${ratio}x (by CPU ${cpu}x)" \
        ">= 0.4x" "$ratio >= 0.4"
}

added_latency() {
    for _ in $(seq "$rounds"); do
        load through --to "$port_full" --keys 100000 --connections 4 --period-us 8000
        load direct --to "$port_mock" --shape tollama --keys 100000 --connections 4 \
            --period-us 8000
    done
    check through
    check direct
    p50=$(calc %.0f "$(median through 4) - $(median direct 4)")
    p99=$(calc %.0f "$(median through 6) - $(median direct 6)")
    row "added latency, healthy, 500/s" "p50 +$p50 us, p99 +$p99 us" \
        "direct: p50 $(median direct 4) us, p99 $(median direct 6) us" "-" \
        "p50 <= 150 us, p99 <= 1 ms" "$p50 <= 150 && $p99 <= 1000"
}

generator() {
    mkfifo "$dir/answer.in"
    "$bin/bench-bare-mhd" "$here/answer.json" <"$dir/answer.in" >"$dir/answer.port" &
    pids="$pids $!"
    exec 8>"$dir/answer.in"
    sleep 0.3
    for _ in $(seq "$rounds"); do
        "$bin/bench-generator" "$(cat "$dir/answer.port")" 20000 2 >>"$dir/generator.rounds"
    done
    exec 8>&-
    asked=$(median generator 1)
    lag=$(calc %.3f "$(median generator 4) / 1000")
    row "load generator of \`tollgate run\`: 20,000 requests/s (Poisson), answers parsed" \
        "lag p50 $(median generator 3) us, p99 $lag ms, $(median generator 8) us CPU, $(median generator 2) of $asked answered" \
        "-" "-" "one core, lag p99 <= 1 ms" "$lag <= 1 && $(median generator 8) < 50"
}

resident_mib() { awk '/^VmRSS/ { printf "%.1f", $2 / 1024 }' "/proc/$1/status"; }

memory() {
    start_runtime memory "$port_mock" --set cache_entries_max=50000 --set cache_ttl_s=600
    before=$(resident_mib "$pid_memory")
    "$bin/bench-load" --to "$port_memory" --keys 50000 --requests 50000 --seconds 60 >"$dir/fill"
    after=$(resident_mib "$pid_memory")
    "$bin/bench-load" --to "$port_memory" --keys 50000 --requests 50000 --seconds 30 \
        --expect '"cache_state":"fresh"' >"$dir/memory.rounds"
    check memory
    row "50,000 cached entries" "$after MiB resident ($before at start)" "-" "-" "<= 150 MiB" \
        "$after <= 150"
}

start mock "$bin/mock-tollama" --listen 127.0.0.1:0
start_runtime hit "$port_mock" --set cache_ttl_s=600
start_runtime full "$port_mock" --set cache_ttl_s=0 --set cache_stale_if_error_s=0 \
    --set single_flight=false
start_nginx

echo "| what | measured | peer, same run | ratio | target | met |"
echo "|---|---|---|---|---|---|"
for name in ${BENCH_ROWS:-cache_hit open_breaker full_path added_latency mock_speed mock_delays \
    mock_static mock_peers mock_memory simulation sim_catalogue sim_instructions generator memory}; do
    say "bench: $name ..."
    "$name"
done
