#include <string.h>

#include "harness/hunt_dice.h"

static const char *const arrivals[] = {
    "poisson: 40/s",
    "poisson: 8/s",
    "constant: 25/s",
    "constant: 100/s",
    "burst: { size: 30, every: 1s, spread: 20ms }",
    "burst: { size: 12, every: 700ms }",
    "ramp: { from: 5/s, to: 60/s }",
    "ramp: { from: 80/s, to: 0/s }",
    "closed: { clients: 8, think: 100ms }",
    "closed: { clients: 2, think: 10ms }",
    "cycle: { top: 12, every: 2s, concurrency: 4 }",
    "cycle: { top: 20, every: 500ms, concurrency: 20 }",
};

static const char *const clients[] = {
    "hang_up: 20%, after: 30ms",
    "hang_up: 60%, after: 5ms",
    "hang_up: 10%, after: 900ms",
    "slow_upload: 30%, over: 100ms",
    "hang_up: 10%, after: 60ms, slow_upload: 20%, over: 40ms",
};

/* Behind a load's first kind of request; the last takes what the others leave. */
static const char *const mixes[] = {
    "      - { share: 60% }\n      - { share: 20%, request: { y_len: 60 } }\n"
    "      - { share: 10%, request: { liquidity_bucket: low } }\n"
    "      - { request: { bad: missing_y } }\n",
    "      - { share: 50% }\n      - { request: { y_len: 10 } }\n",
    "      - { share: 70% }\n      - { share: 20%, request: { model: other } }\n"
    "      - { request: { bad: not_json } }\n",
    "      - { share: 50%, request: { horizon_steps: 12 } }\n"
    "      - { share: 40%, request: { gap: 90m } }\n      - { request: { bad: empty } }\n",
};

static const char request_line[] =
    "    request: { y_len: 64, horizon_steps: 4, liquidity_bucket: high%s }\n";

static void write_some(struct buf *out, struct dice *dice, uint32_t duration_s)
{
    uint32_t keys = 20u << dice_roll(dice, 4);
    buf_printf(out, "  - arrival: { %s }\n    keys: { count: %u", DICE_PICK(dice, arrivals), keys);
    if (dice_chance(dice, 50)) buf_puts(out, ", zipf: 0.9");
    buf_puts(out, " }\n");
    buf_printf(out, request_line, dice_chance(dice, 30) ? ", model: chronos-small" : "");
    if (dice_chance(dice, 30)) buf_printf(out, "    mix:\n%s", DICE_PICK(dice, mixes));
    if (dice_chance(dice, 25)) {
        buf_printf(out, "    client: { %s }\n", DICE_PICK(dice, clients));
    }
    if (dice_chance(dice, 20)) buf_printf(out, "    from: %us\n", 1 + dice_roll(dice, 4));
    if (dice_chance(dice, 20)) {
        buf_printf(out, "    to: %us\n", duration_s - 1 - dice_roll(dice, duration_s / 2));
    }
}

/* Somebody asks all the time, also when the other load is a burst or ends. */
static void write_steady(struct buf *out, struct dice *dice)
{
    static const char *const rates[] = { "constant: 10/s", "constant: 40/s", "poisson: 20/s" };
    static const char *const counts[] = { "10", "4", "40", "2" };
    buf_printf(out, "  - name: steady\n    arrival: { %s }\n    keys: { count: %s }\n",
               DICE_PICK(dice, rates), DICE_PICK(dice, counts));
    buf_printf(out, request_line, "");
    if (dice_chance(dice, 15)) {
        buf_printf(out, "    client: { %s }\n", DICE_PICK(dice, clients));
    }
}

void hunt_write_load(struct buf *out, struct dice *dice, uint32_t duration_s)
{
    static const uint32_t others[] = { 0, 0, 1, 1, 1, 1, 2, 3 };
    uint32_t count = others[dice_roll(dice, sizeof others / sizeof others[0])];
    buf_puts(out, "workload:\n");
    for (uint32_t i = 0; i < count; i++)
        write_some(out, dice, duration_s);
    write_steady(out, dice);
}

void hunt_write_upstream(struct buf *out, struct dice *dice)
{
    static const char *const latencies[] = {
        "5ms",
        "{ p50: 20ms, p90: 60ms, max: 200ms }",
        "{ uniform: [10ms, 90ms] }",
        "{ lognormal: { median: 15ms, p99: 150ms } }",
        "{ lognormal: { median: 60ms, p99: 1s } }",
        "{ p50: 1ms, p99: 30ms, max: 2500ms }",
    };
    static const char *const full[] = { "503", "429", "reset", "close" };
    buf_printf(out, "upstream:\n  latency: %s\n", DICE_PICK(dice, latencies));
    if (!dice_chance(dice, 20)) return;
    uint32_t workers = 1 + dice_roll(dice, 8);
    uint32_t queue = dice_roll(dice, 16);
    buf_printf(out, "  capacity: { workers: %u, queue: %u, on_full: %s }\n", workers, queue,
               DICE_PICK(dice, full));
}

/* A second cache level, and what becomes of it while the upstream has its troubles. */
void hunt_write_redis(struct buf *out, struct dice *dice, uint32_t trouble_s)
{
    static const char *const effects[] = { "down", "hang" };
    uint32_t from_s = 0;
    if (!dice_chance(dice, 25)) return;
    buf_puts(out, "redis:\n");
    if (dice_chance(dice, 30)) buf_puts(out, "  latency: { uniform: [200us, 70ms] }\n");
    buf_puts(out, "  phases:\n");
    for (uint32_t phase = 1; phase <= 3; phase++) {
        from_s += 1 + dice_roll(dice, 3);
        uint32_t to_s = from_s + 1 + dice_roll(dice, 3);
        if (to_s > trouble_s && phase > 1) return;
        if (dice_chance(dice, 30)) {
            buf_printf(out, "    - { name: second-%u, at: %us, do: flush }\n", phase, from_s);
            continue;
        }
        buf_printf(out, "    - { name: second-%u, from: %us, to: %us, do: %s }\n", phase, from_s,
                   to_s, DICE_PICK(dice, effects));
        from_s = to_s;
    }
}
