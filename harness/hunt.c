#include "harness/hunt.h"

#include <inttypes.h>
#include <string.h>

#include "base/rng.h"
#include "scenario/fault_table.h"

enum { STORY_PHASES_MAX = 3, HEAL_S = 8, LEAD_S = 3, PPM = 1000000 };

/* The draws of one story, one after another. */
struct dice {
    uint64_t seed;
    uint64_t number;
    uint32_t next;
};

static uint32_t roll(struct dice *dice, uint32_t sides)
{
    uint64_t uniform = draw(dice->seed, rng_stream("hunt"), dice->number, dice->next++);
    return (uint32_t)draw_below(uniform, sides);
}

static bool chance(struct dice *dice, uint32_t percent)
{
    return roll(dice, 100) < percent;
}

/* A setting and the values that a story may give it, the interesting ones: edges, off, tight. */
struct knob {
    const char *key;
    const char *values[6];
};

static const struct knob knobs[] = {
    { "cache_ttl_s", { "0", "0.5", "1", "3" } },
    { "cache_stale_if_error_s", { "0", "1", "5", "30" } },
    { "cache_entries_max", { "2", "7", "50000" } },
    { "breaker_failures_30s", { "1", "3", "8", "12" } },
    { "breaker_min_volume", { "1", "5", "20" } },
    { "breaker_window_s", { "8", "12", "30" } },
    { "breaker_failure_ratio", { "0", "0.3", "0.9" } },
    { "breaker_count_ratio_floor", { "0", "0.5", "1" } },
    { "breaker_cooldown_s", { "0.5", "1", "2" } },
    { "breaker_cooldown_jitter", { "0", "0.2", "1" } },
    { "breaker_half_open_probe", { "1", "2", "5" } },
    { "breaker_count_429", { "true", "false" } },
    { "retry_count", { "0", "1", "2", "6" } },
    { "retry_backoff_base_ms", { "0", "10", "100" } },
    { "retry_backoff_cap_ms", { "100", "200", "800" } },
    { "min_attempt_budget_ms", { "0", "50", "300" } },
    { "retry_budget_ratio", { "0", "0.1", "0.5" } },
    { "retry_budget_min_per_s", { "0", "2" } },
    { "retry_after_hold_cap_s", { "0", "1", "3" } },
    { "read_timeout_s", { "0.15", "0.4", "1.2" } },
    { "request_deadline_s", { "1", "1.8" } },
    { "pool_timeout_s", { "0.02", "0.15" } },
    { "max_connections", { "1", "4", "256" } },
    { "pool_queue_max", { "0", "3", "1024" } },
    { "max_inflight", { "6", "4096" } },
    { "single_flight", { "true", "false" } },
    { "negative_cache_ttl_s", { "0", "1", "10" } },
    { "negative_cache_entries_max", { "0", "3" } },
    { "stale_family_key", { "true", "false" } },
};

static const char *const selections[] = {
    "share: 5%",
    "share: 20%",
    "share: 50%",
    "share: 90%",
    "first: 3",
    "nth: 4",
    "every: 3",
    "after: 500ms",
    "until: 1s",
    "exact_share: 30%",
    "attempt: 0",
    "attempt: \">= 1\"",
    "burst: { bad: 400ms, good: 600ms }",
    "ramp: { from: 0%, to: 100% }",
};

static const char *pick(struct dice *dice, const char *const *texts, size_t count)
{
    return texts[roll(dice, (uint32_t)count)];
}

static void write_settings(struct buf *out, struct dice *dice)
{
    uint32_t weight = 5 + roll(dice, 40);
    buf_puts(out, "  set:\n    keepalive_expiry_s: 4\n    max_keepalive_connections: 1\n");
    for (size_t i = 0; i < sizeof knobs / sizeof knobs[0]; i++) {
        size_t count = 0;
        while (count < 6 && knobs[i].values[count] != NULL)
            count++;
        const char *value = pick(dice, knobs[i].values, count);
        if (chance(dice, weight)) buf_printf(out, "    %s: %s\n", knobs[i].key, value);
    }
}

static void write_load(struct buf *out, struct dice *dice, uint32_t duration_s)
{
    static const char *const arrivals[] = {
        "poisson: 40/s",
        "constant: 25/s",
        "constant: 100/s",
        "burst: { size: 30, every: 1s, spread: 20ms }",
        "ramp: { from: 5/s, to: 60/s }",
        "closed: { clients: 8, think: 100ms }",
    };
    const char *arrival = pick(dice, arrivals, sizeof arrivals / sizeof arrivals[0]);
    uint32_t keys = 4u << roll(dice, 6);
    buf_printf(out, "workload:\n  - arrival: { %s }\n    keys: { count: %u", arrival, keys);
    if (chance(dice, 50)) buf_puts(out, ", zipf: 0.9");
    buf_puts(out, " }\n    request: { y_len: 64, horizon_steps: 4 }\n");
    if (chance(dice, 20)) {
        buf_puts(out, "    mix:\n      - { share: 60% }\n"
                      "      - { share: 20%, request: { y_len: 60 } }\n"
                      "      - { share: 10%, request: { liquidity_bucket: low } }\n"
                      "      - { request: { bad: missing_y } }\n");
    }
    if (chance(dice, 15)) buf_puts(out, "    client: { hang_up: 20%, after: 30ms }\n");
    /* Somebody asks all the time, also when the other load is a burst. */
    buf_printf(out,
               "  - name: steady\n    arrival: { constant: 10/s }\n    keys: { count: 10 }\n"
               "    request: { y_len: 64, horizon_steps: 4 }\n    to: %us\n",
               duration_s);
}

/* A row's line without its braces, and a selection unless it has one or must not. */
static void write_fault(struct buf *out, struct dice *dice, const struct fault_row *row)
{
    size_t length = strlen(row->yaml);
    const char *selection = pick(dice, selections, sizeof selections / sizeof selections[0]);
    buf_puts(out, "        - ");
    buf_put(out, row->yaml, length - 2);
    bool connects = row->at == FAULT_AT_CONNECT;
    bool rhythm = strstr(row->yaml, "every:") != NULL;
    if (!connects && !(rhythm && strncmp(selection, "every", 5) == 0)) {
        buf_printf(out, ", %s", selection);
    }
    buf_puts(out, " }\n");
}

/* The rows that this story may use: a random tenth to half of the table. */
static void write_phases(struct buf *out, struct dice *dice, uint32_t count)
{
    size_t rows = 0;
    const struct fault_row *table = fault_table(&rows);
    uint32_t weight = 10 + roll(dice, 40);
    bool used[128] = { false };
    size_t allowed = 0;
    for (size_t i = 0; i < rows && i < 128; i++) {
        used[i] = table[i].yaml != NULL && chance(dice, weight);
        allowed += used[i];
    }
    buf_puts(out, "  phases:\n");
    for (uint32_t phase = 0; phase < count; phase++) {
        uint32_t from_s = LEAD_S + phase * 4;
        buf_printf(out, "    - name: trouble-%u\n      from: %us\n      to: %us\n      faults:\n",
                   phase + 1, from_s, from_s + 2 + roll(dice, 2));
        uint32_t written = 0;
        for (uint32_t tries = 0; tries < 40 && written < 1 + phase % 3; tries++) {
            size_t row = roll(dice, (uint32_t)(rows < 128 ? rows : 128));
            if (allowed > 0 ? !used[row] : table[row].yaml == NULL) continue;
            write_fault(out, dice, &table[row]);
            written++;
        }
        if (written == 0) buf_puts(out, "        - { status: 503, share: 50% }\n");
    }
}

void hunt_story(uint64_t seed, uint32_t number, const char *environment, struct buf *out)
{
    struct dice dice = { .seed = seed, .number = number };
    static const char *const latencies[] = { "5ms", "{ p50: 20ms, p90: 60ms, max: 200ms }",
                                             "{ uniform: [10ms, 90ms] }",
                                             "{ lognormal: { median: 15ms, p99: 150ms } }" };
    uint32_t phases = 1 + roll(&dice, STORY_PHASES_MAX);
    uint32_t duration_s = LEAD_S + phases * 4 + HEAL_S;
    buf_printf(out,
               "version: 1\nname: hunt-%" PRIu64 "-%u\nteaches: What a random search met.\n"
               "seed: %u\nduration: %us\nruntime:\n  env: %s\n",
               seed, number, 1 + roll(&dice, PPM), duration_s, environment);
    write_settings(out, &dice);
    write_load(out, &dice, duration_s);
    buf_printf(out, "upstream:\n  latency: %s\n",
               pick(&dice, latencies, sizeof latencies / sizeof latencies[0]));
    if (chance(&dice, 20)) {
        buf_printf(out, "  capacity: { workers: %u, queue: %u, on_full: 503 }\n",
                   1 + roll(&dice, 8), 1 + roll(&dice, 16));
    }
    write_phases(out, &dice, phases);
    buf_puts(out, "expect:\n  - order: guide\n");
}
