# The rows of the simulator; sourced by bench.sh, as rows.sh.

# From "sim speed: 5818 virtual seconds per second (133 s in 22.9 ms)": 5818 and 0.0229.
sim_speed() {
    sed -n 's/^sim speed: \([0-9]*\) .*(\([0-9.]*\) s in \([0-9.]*\) \(m*s\)).*/\1 \3 \4/p' "$1" |
        awk '{ print $1, ($3 == "s" ? $2 : $2 / 1000) }'
}

simulate() {
    "$bin/tollgate" run --world sim --out "$dir/report" "$@" >"$dir/sim.out" 2>&1 ||
        fail "the simulation failed: $(tail -3 "$dir/sim.out")"
}

simulation() {
    for _ in $(seq "$rounds"); do
        simulate "$here/speed.yaml"
        sim_speed "$dir/sim.out" >>"$dir/sim.rounds"
    done
    requests=$(awk '$1 == "speed" && $2 == "sim" { print $4 }' "$dir/sim.out")
    rate=$(calc %.0f "${requests:-0} / $(median sim 2)")
    row "simulation, two hours at 50 requests/s" "$(median sim 1)x real time, $rate requests/s" "-" \
        "-" ">= 10,000x, >= 1,000,000/s" "$(median sim 1) >= 10000 && $rate >= 1000000"
}

# What a request of the same scenario costs, whatever the machine: callgrind counts while sim_play()
# is on the stack. Ten seconds' worth of both outages.
sim_instructions() {
    if ! command -v valgrind >/dev/null 2>&1; then
        row "simulation, instructions per request" "valgrind is not installed" "-" "-" "-" ""
        return
    fi
    sed -e 's/^duration:.*/duration: 200s/' -e 's/from: 1000s, to: 1060s/from: 50s, to: 60s/' \
        -e 's/from: 4000s, to: 4060s/from: 120s, to: 130s/' "$here/speed.yaml" >"$dir/short.yaml"
    valgrind --tool=callgrind --callgrind-out-file="$dir/callgrind.out" --toggle-collect=sim_play \
        "$bin/tollgate" run --world sim --configs "$root/configs" --out "$dir/report" \
        "$dir/short.yaml" >"$dir/sim.out" 2>&1 || fail "callgrind: $(tail -3 "$dir/sim.out")"
    requests=$(awk '$1 == "speed" && $2 == "sim" { print $4 }' "$dir/sim.out")
    counted=$(sed -n 's/^totals: //p' "$dir/callgrind.out")
    row "simulation, instructions per request" "$(calc %.0f "$counted / $requests")" "-" "-" "-" ""
}

sim_catalogue() {
    for _ in $(seq "$rounds"); do
        simulate "$root/scenarios"
        sim_speed "$dir/sim.out" >>"$dir/catalogue.rounds"
    done
    scenarios=$(grep -c '^[a-z0-9-]*: sim ' "$dir/sim.out")
    row "the whole catalogue in the simulator, $scenarios scenarios, nightly ones included" \
        "$(median catalogue 2) s, $(median catalogue 1)x real time" "-" "-" ">= 10,000x, < 5 s" \
        "$(median catalogue 1) >= 10000 && $(median catalogue 2) < 5"
}

# Of all children so far that have ended, in seconds.
cpu_seconds() { sed -n 2p "$dir/times" | tr 'ms' '  ' | awk '{ print $1 * 60 + $2 + $3 * 60 + $4 }'; }

# Not among the rows that are measured when none is named: a minute of both cores.
sweep() {
    times >"$dir/times"
    before=$(cpu_seconds)
    begun=$(date +%s.%N)
    "$bin/tollgate" sweep --no-confirm --quiet --jobs 2 --out "$dir/sweep" "$root/sweeps/prod.yaml" \
        >"$dir/sweep.out" 2>&1 || fail "the sweep failed: $(tail -3 "$dir/sweep.out")"
    ended=$(date +%s.%N)
    times >"$dir/times"
    wall=$(calc %.1f "$ended - $begun")
    tried=$(grep -c '^sample,' "$dir/sweep/sweep.csv")
    row "sweep of $tried configurations over the catalogue, --jobs 2" \
        "$wall s, $(calc %.1f "$(cpu_seconds) - $before") s of CPU" "-" "-" "<= 60 s on 2 cores" \
        "$wall <= 60"
}
