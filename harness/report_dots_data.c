#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "harness/report_dots.h"

/* The different stories that requests have, as JSON texts: there are few, so that a dot needs only
 * the number of its own. Looked up by a hash table of indices. */
struct kinds {
    char **texts; /* owned, each one */
    size_t count;
    uint32_t *slots; /* owned; index + 1, 0: free */
    size_t slot_count;
};

static uint64_t hash_text(const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (const char *at = text; *at != '\0'; at++) {
        hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
    }
    return hash;
}

static uint32_t *find_slot(const struct kinds *kinds, const char *text)
{
    size_t at = (size_t)hash_text(text) & (kinds->slot_count - 1);
    while (kinds->slots[at] != 0 && strcmp(kinds->texts[kinds->slots[at] - 1], text) != 0) {
        at = (at + 1) & (kinds->slot_count - 1);
    }
    return &kinds->slots[at];
}

static void grow(struct kinds *kinds)
{
    kinds->slot_count = kinds->slot_count == 0 ? 256 : kinds->slot_count * 2;
    mem_free(kinds->slots);
    kinds->slots = mem_alloc(kinds->slot_count, sizeof *kinds->slots);
    kinds->texts = mem_resize(kinds->texts, kinds->slot_count, sizeof *kinds->texts);
    for (size_t i = 0; i < kinds->count; i++) {
        *find_slot(kinds, kinds->texts[i]) = (uint32_t)i + 1;
    }
}

static uint32_t kind_of(struct kinds *kinds, const char *text)
{
    if (kinds->count * 2 >= kinds->slot_count) grow(kinds);
    uint32_t *slot = find_slot(kinds, text);
    if (*slot == 0) {
        kinds->texts[kinds->count++] = mem_copy_string(text);
        *slot = (uint32_t)kinds->count;
    }
    return *slot - 1;
}

static void put_path(struct json *json, const struct run *run, const struct run_answer *answer)
{
    struct buf path;
    buf_init(&path, BUF_UNBOUNDED);
    for (uint32_t i = 0; i < answer->path_count; i++) {
        buf_printf(&path, "%s%s", i == 0 ? "" : ", ",
                   path_entry_name(run->path[answer->path_at + i]));
    }
    json_string(json, buf_text(&path));
    buf_deinit(&path);
}

static void put_attempts(struct json *json, const struct run *run, const struct run_answer *answer)
{
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    for (uint32_t i = 0; i < answer->attempt_count; i++) {
        const struct run_attempt *attempt = &run->attempts[answer->attempt_at + i];
        buf_printf(&text, "%s%" PRIu32 ". %s", i == 0 ? "" : ", ", attempt->number + 1,
                   outcome_name(attempt->outcome));
        if (attempt->http_status != 0) buf_printf(&text, " %u", attempt->http_status);
    }
    json_string(json, buf_text(&text));
    buf_deinit(&text);
}

/* Names of our own only: nothing in it comes from a file or a server. */
static void write_kind(struct buf *out, const struct run *run, uint32_t index)
{
    const struct run_answer *answer = &run->answers[index];
    struct json json;
    json_init(&json, out);
    json_open(&json, '[');
    json_string(&json, answer->answered ? served_name(answer->served) : "no answer");
    json_string(&json, code_name(answer->code));
    json_string(&json, code_name(answer->cause));
    json_u64(&json, answer->http_status);
    put_path(&json, run, answer);
    put_attempts(&json, run, answer);
    json_close(&json, ']');
}

static void write_lane(struct buf *out, struct kinds *kinds, const struct run *run,
                       const struct dots *dots, enum served served)
{
    struct buf kind;
    int64_t before = 0;
    const char *separator = "";
    buf_init(&kind, BUF_UNBOUNDED);
    for (size_t i = 0; i < dots->count; i++) {
        const struct dot *dot = &dots->items[i];
        if (dot->served != served) continue;
        buf_clear(&kind);
        write_kind(&kind, run, dot->index);
        const struct run_answer *answer = &run->answers[dot->index];
        int64_t number = run->schedule->items[dot->index].number;
        int64_t latency_us = answer->answered ? (int64_t)(run_latency_ns(answer) / 1000) : -1;
        buf_printf(out, "%s[%" PRId64 ",%" PRId64 ",%" PRIu32 "]", separator, number - before,
                   latency_us, kind_of(kinds, buf_text(&kind)));
        before = number;
        separator = ",";
    }
    buf_deinit(&kind);
}

static void write_world(struct buf *out, struct kinds *kinds, const struct picture *picture,
                        const struct suite_world *world)
{
    struct dots dots;
    const char *separator = "";
    dots_make(&dots, picture, world);
    buf_printf(out, "{\"name\":\"%s\",\"of\":%zu,\"lanes\":{", world_name(world->run.world),
               dots.of);
    for (int i = 0; i < PICTURE_LANES; i++) {
        if (picture->lanes[i].empty) continue;
        buf_printf(out, "%s\"%s\":[", separator, served_name(picture->lanes[i].served));
        write_lane(out, kinds, &world->run, &dots, picture->lanes[i].served);
        buf_putc(out, ']');
        separator = ",";
    }
    buf_puts(out, "}}");
    dots_deinit(&dots);
}

void dots_write_data(struct buf *out, const struct picture *picture)
{
    struct kinds kinds = { .count = 0 };
    const struct suite_scenario *item = picture->item;
    buf_puts(out, "{\"worlds\":[");
    if (item->sim.present) write_world(out, &kinds, picture, &item->sim);
    if (item->sim.present && item->real.present) buf_putc(out, ',');
    if (item->real.present) write_world(out, &kinds, picture, &item->real);
    buf_printf(out, "],\"duration_ms\":%" PRIu64 ",\"kinds\":[", picture->duration_ns / NS_PER_MS);
    for (size_t i = 0; i < kinds.count; i++) {
        buf_printf(out, "%s%s", i == 0 ? "" : ",", kinds.texts[i]);
        mem_free(kinds.texts[i]);
    }
    buf_puts(out, "]}");
    mem_free(kinds.texts);
    mem_free(kinds.slots);
}
