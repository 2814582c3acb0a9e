#include "scenario/latency.h"

#include <string.h>

#include "base/units.h"

__extension__ typedef unsigned __int128 wide;

enum { SHARE_ALL = 1000000 };

/* One line of the table, with its nodes for notes. */
struct row {
    uint32_t share_ppm;
    uint64_t value_ns;
    const struct yaml_node *key;
};

static const char table_hint[] =
    "allowed: min, max and percentiles such as p50 or p99.9, for example { p50: 40ms, p90: 90ms, "
    "max: 400ms }";

/* "p99.9" -> 999,000; "min" -> 0; "max" -> 1,000,000. */
static enum err parse_share(const struct value_reader *reader, const struct yaml_node *key,
                            uint32_t *out_ppm)
{
    uint64_t ppm = 0;
    *out_ppm = 0;
    if (strcmp(key->text, "min") == 0) return ERR_OK;
    *out_ppm = SHARE_ALL;
    if (strcmp(key->text, "max") == 0) return ERR_OK;
    bool percentile = key->text[0] == 'p' && units_parse_decimal(key->text + 1, 4, &ppm);
    if (percentile && ppm > 0 && ppm < SHARE_ALL) {
        *out_ppm = (uint32_t)ppm;
        return ERR_OK;
    }
    static const char *const names[] = { "min", "max", NULL };
    const char *hint = percentile
                           ? (ppm == 0 ? "; did you mean \"min\"?" : "; did you mean \"max\"?")
                           : value_did_you_mean(reader, key->text, names);
    return yaml_note(reader->file, key, reader->note, "unknown key \"%.80s\" in latency%s %s",
                     key->text, hint[0] == '\0' ? ";" : hint, table_hint);
}

/* Keeps `rows` in order of share; the same share twice (p50 and p50.0) is refused. */
static enum err insert_row(const struct value_reader *reader, struct row *rows, size_t count,
                           struct row row)
{
    size_t at = count;
    while (at > 0 && rows[at - 1].share_ppm > row.share_ppm) {
        rows[at] = rows[at - 1];
        at--;
    }
    rows[at] = row;
    if (at == 0 || rows[at - 1].share_ppm != row.share_ppm) return ERR_OK;
    return yaml_note(reader->file, row.key, reader->note,
                     "\"%.80s\" is the same share as \"%.80s\" in line %d; remove one of them",
                     row.key->text, rows[at - 1].key->text, rows[at - 1].key->line);
}

static enum err check_rising(const struct value_reader *reader, const struct row *rows,
                             size_t count)
{
    char low[UNITS_TEXT_MAX];
    char high[UNITS_TEXT_MAX];
    for (size_t i = 1; i < count; i++) {
        if (rows[i].value_ns >= rows[i - 1].value_ns) continue;
        return yaml_note(reader->file, rows[i].key, reader->note,
                         "latency %.80s: %s is less than %.80s: %s; the values must not fall while "
                         "the share rises",
                         rows[i].key->text, units_format_duration(rows[i].value_ns, low),
                         rows[i - 1].key->text, units_format_duration(rows[i - 1].value_ns, high));
    }
    return ERR_OK;
}

/* Rows of the table while it is made. */
struct rows {
    uint32_t share_ppm[LATENCY_ROWS_MAX];
    uint64_t value_ns[LATENCY_ROWS_MAX];
    uint32_t count;
};

static void keep_rows(const struct value_reader *reader, const struct rows *rows,
                      struct latency *out)
{
    uint32_t *share_ppm = arena_alloc(reader->arena, rows->count, sizeof *share_ppm);
    uint64_t *value_ns = arena_alloc(reader->arena, rows->count, sizeof *value_ns);
    memcpy(share_ppm, rows->share_ppm, rows->count * sizeof *share_ppm);
    memcpy(value_ns, rows->value_ns, rows->count * sizeof *value_ns);
    *out = (struct latency){ .count = rows->count,
                             .share_ppm = share_ppm,
                             .value_ns = value_ns,
                             .text = out->text };
}

static enum err parse_table(const struct value_reader *reader, const struct yaml_node *node,
                            struct latency *out)
{
    struct row rows[LATENCY_ROWS_MAX];
    size_t count = 0;
    for (; count < node->count; count++) {
        if (count + 1 >= LATENCY_ROWS_MAX) { /* one row stays free for `min` */
            return yaml_note(reader->file, node->keys[count], reader->note,
                             "latency has %zu rows; allowed: at most %d", node->count,
                             LATENCY_ROWS_MAX - 1);
        }
        struct row row = { .key = node->keys[count] };
        enum err err = parse_share(reader, row.key, &row.share_ppm);
        if (err == ERR_OK) {
            err = value_duration(reader, node->items[count], row.key->text, &row.value_ns);
        }
        if (err == ERR_OK) err = insert_row(reader, rows, count, row);
        if (err != ERR_OK) return err;
    }
    if (count == 0 || rows[count - 1].share_ppm != SHARE_ALL) {
        return yaml_note(reader->file, node, reader->note,
                         "latency needs the key \"max\", the longest time there is; %s",
                         table_hint);
    }
    enum err err = check_rising(reader, rows, count);
    if (err != ERR_OK) return err;
    struct rows kept = { .count = 0 };
    if (rows[0].share_ppm != 0) kept.value_ns[kept.count++] = rows[0].value_ns / 2;
    for (size_t i = 0; i < count; i++) {
        kept.share_ppm[kept.count] = rows[i].share_ppm;
        kept.value_ns[kept.count++] = rows[i].value_ns;
    }
    keep_rows(reader, &kept, out);
    return ERR_OK;
}

enum err latency_parse(const struct value_reader *reader, const struct yaml_node *node,
                       const char *what, struct latency *out)
{
    *out = (struct latency){ .text = "" };
    if (node->kind == YAML_LIST) {
        return yaml_note(reader->file, node, reader->note, "%s must be a time or a table; %s", what,
                         table_hint);
    }
    if (node->kind == YAML_MAP) return parse_table(reader, node, out);
    struct rows fixed = { .share_ppm = { 0, SHARE_ALL }, .count = 2 };
    enum err err = value_duration(reader, node, what, &fixed.value_ns[0]);
    if (err != ERR_OK) return err;
    fixed.value_ns[1] = fixed.value_ns[0];
    keep_rows(reader, &fixed, out);
    return ERR_OK;
}

uint64_t latency_draw_ns(const struct latency *latency, uint64_t uniform)
{
    if (latency->count == 0) return 0;
    /* The share in Q32 parts per million: 52 bits, times a value of at most 47 bits. */
    wide share = ((wide)uniform * SHARE_ALL) >> 32;
    size_t next = 1;
    while (next + 1 < latency->count && share >= (wide)latency->share_ppm[next] << 32)
        next++;
    wide from = (wide)latency->share_ppm[next - 1] << 32;
    wide length = ((wide)latency->share_ppm[next] << 32) - from;
    uint64_t rise = latency->value_ns[next] - latency->value_ns[next - 1];
    wide part = ((wide)rise * (share - from) + length / 2) / length; /* nearest: exact at rows */
    return latency->value_ns[next - 1] + (uint64_t)part;
}
