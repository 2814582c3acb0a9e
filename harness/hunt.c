#include "harness/hunt.h"

#include <inttypes.h>
#include <string.h>

#include "base/rng.h"
#include "harness/hunt_dice.h"
#include "harness/recovery.h"
#include "harness/story.h"
#include "scenario/fault_table.h"

enum {
    PHASES_MAX = 3,
    PHASE_EVERY_S = 4,
    LEAD_S = 3,
    WELL_S = 3, /* that is looked at once all must be well */
    FAULTS_MAX = 3,
    ROWS_MAX = 128,
    PPM = 1000000,
};

uint32_t dice_roll(struct dice *dice, uint32_t sides)
{
    uint64_t uniform = draw(dice->seed, rng_stream("hunt"), dice->number, dice->next++);
    return (uint32_t)draw_below(uniform, sides);
}

bool dice_chance(struct dice *dice, uint32_t percent)
{
    return dice_roll(dice, 100) < percent;
}

const char *dice_pick(struct dice *dice, const char *const *texts, size_t count)
{
    return texts[dice_roll(dice, (uint32_t)count)];
}

static const char *const selections[] = {
    "share: 5%",
    "share: 20%",
    "share: 50%",
    "share: 90%",
    "first: 3",
    "first: 12",
    "nth: 4",
    "every: 3",
    "after: 500ms",
    "until: 1s",
    "after: 400ms, until: 900ms",
    "exact_share: 30%",
    "attempt: 0",
    "attempt: \">= 1\"",
    "burst: { bad: 400ms, good: 600ms }",
    "ramp: { from: 0%, to: 100% }",
    "model: chronos-small",
    "market: w0",
    "market: w1-m1",
    "path: /v1/forecast",
    "share: 60%, attempt: 0",
    "first: 5, until: 500ms",
};

/* What the table has one of, in other sizes; and what hits the policies rather than the parsers. */
static const char *const more_faults[] = {
    "{ status: 503 }",
    "{ status: 503, retry_after: 3s }",
    "{ status: 503, retry_after_date: 1s }",
    "{ status: 502, retry_after: 1s }",
    "{ status: 500 }",
    "{ status: 400 }",
    "{ status: 413 }",
    "{ status: 422 }",
    "{ status: 429 }",
    "{ status: 429, retry_after: 5s }",
    "{ delay: 300ms }",
    "{ delay: 1100ms }",
    "{ delay: 3s }",
    "{ delay: { uniform: [10ms, 2s] } }",
    "{ delay: { p50: 20ms, p99: 900ms, max: 1500ms } }",
    "{ delay: 600ms, ramp_delay: { from: 0%, to: 100% } }",
    "{ rate_limit: { rate: 20/s, burst: 5, retry_after: 1s } }",
    "{ cold_start: { load: 800ms, idle: 1s } }",
};

/* What counts attempts itself does not go with a selection that counts them, and a dribble's rhythm
 * has that key already. */
static bool goes_with(const char *yaml, const char *selection)
{
    static const char *const counting[] = { "first", "nth", "every", "exact_share" };
    bool counts = strstr(yaml, "rate_limit") != NULL || strstr(yaml, "cold_start") != NULL ||
                  strstr(yaml, "every:") != NULL;
    for (size_t i = 0; i < sizeof counting / sizeof counting[0]; i++) {
        if (counts && strncmp(selection, counting[i], strlen(counting[i])) == 0) return false;
    }
    return true;
}

/* A fault's line without its braces, and a selection unless it has one or must not. */
static void write_fault(struct buf *out, struct dice *dice, const char *yaml, bool connects)
{
    const char *selection = DICE_PICK(dice, selections);
    buf_puts(out, "        - ");
    buf_put(out, yaml, strlen(yaml) - 2);
    bool all = connects || dice_chance(dice, 15);
    if (!all && goes_with(yaml, selection)) buf_printf(out, ", %s", selection);
    buf_puts(out, " }\n");
}

/* The rows that this story may use: a random tenth to half of the table. */
struct palette {
    const struct fault_row *table;
    uint32_t rows;
    bool used[ROWS_MAX];
    uint32_t allowed;
    uint32_t more_percent; /* of its faults that are not from the table */
};

static void choose_palette(struct palette *palette, struct dice *dice)
{
    size_t rows = 0;
    uint32_t weight = 10 + dice_roll(dice, 40);
    *palette = (struct palette){ .table = fault_table(&rows) };
    palette->rows = (uint32_t)(rows < ROWS_MAX ? rows : ROWS_MAX);
    palette->more_percent = dice_roll(dice, 100);
    for (uint32_t i = 0; i < palette->rows; i++) {
        palette->used[i] = palette->table[i].yaml != NULL && dice_chance(dice, weight);
        palette->allowed += palette->used[i];
    }
}

/* False when the draw hit a row that this story does not use. */
static bool write_some_fault(struct buf *out, struct dice *dice, const struct palette *palette)
{
    if (dice_chance(dice, palette->more_percent)) {
        write_fault(out, dice, DICE_PICK(dice, more_faults), false);
        return true;
    }
    uint32_t row = dice_roll(dice, palette->rows);
    const struct fault_row *fault = &palette->table[row];
    if (palette->allowed > 0 ? !palette->used[row] : fault->yaml == NULL) return false;
    write_fault(out, dice, fault->yaml, fault->at == FAULT_AT_CONNECT);
    return true;
}

static void write_phases(struct buf *out, struct dice *dice, uint32_t count)
{
    struct palette palette;
    choose_palette(&palette, dice);
    buf_puts(out, "  phases:\n");
    for (uint32_t phase = 0; phase < count; phase++) {
        uint32_t from_s = LEAD_S + phase * PHASE_EVERY_S;
        uint32_t length_s = 2 + dice_roll(dice, 3); /* the last may touch the next */
        uint32_t wanted = 1 + dice_roll(dice, FAULTS_MAX);
        uint32_t written = 0;
        buf_printf(out, "    - name: trouble-%u\n      from: %us\n      to: %us\n      faults:\n",
                   phase + 1, from_s, from_s + length_s);
        for (uint32_t tries = 0; tries < 40 && written < wanted; tries++)
            written += write_some_fault(out, dice, &palette);
        if (written == 0) buf_puts(out, "        - { status: 503, share: 50% }\n");
    }
}

void hunt_story(uint64_t seed, uint32_t number, const char *environment, uint64_t heal_ns,
                struct buf *out)
{
    struct dice dice = { .seed = seed, .number = number };
    uint32_t phases = 1 + dice_roll(&dice, PHASES_MAX);
    uint32_t healthy_s = (uint32_t)((heal_ns + NS_PER_S - 1) / NS_PER_S) + WELL_S;
    uint32_t duration_s = LEAD_S + phases * PHASE_EVERY_S + healthy_s;
    buf_printf(out,
               "version: 1\nname: hunt-%" PRIu64 "-%u\nteaches: What a random search met.\n"
               "seed: %u\nduration: %us\nruntime:\n  env: %s\n",
               seed, number, 1 + dice_roll(&dice, PPM), duration_s, environment);
    hunt_write_settings(out, &dice);
    hunt_write_load(out, &dice, duration_s);
    hunt_write_upstream(out, &dice);
    write_phases(out, &dice, phases);
    hunt_write_redis(out, &dice, LEAD_S + phases * PHASE_EVERY_S);
    buf_puts(out, "expect:\n  - order: guide\n");
}

enum err hunt_story_make(struct arena *arena, uint64_t seed, uint32_t number, const char *configs,
                         const char *environment, struct buf *text, struct suite_scenario *out,
                         struct err_note *note)
{
    struct arena draft = { .head = NULL };
    hunt_story(seed, number, environment, 0, text);
    enum err rc = story_prepare(&draft, "hunt", buf_text(text), text->length, configs, out, note);
    if (rc == ERR_OK) {
        uint64_t heal_ns = recovery_whole_ns(&out->config.engine);
        schedule_destroy(&out->schedule);
        buf_clear(text);
        hunt_story(seed, number, environment, heal_ns, text);
        rc = story_prepare(arena, "hunt", buf_text(text), text->length, configs, out, note);
    }
    arena_deinit(&draft);
    return rc;
}
