#include "scenario/latency_private.h"

#include <string.h>

#include "base/buf.h"
#include "base/units.h"

/* One line of the table, with its nodes for notes. */
struct row {
    uint32_t share_ppm;
    uint64_t value_ns;
    const struct yaml_node *key;
};

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
                     key->text, hint[0] == '\0' ? ";" : hint, latency_table_hint);
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

enum err latency_parse_table(const struct value_reader *reader, const struct yaml_node *node,
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
                         latency_table_hint);
    }
    enum err err = check_rising(reader, rows, count);
    if (err != ERR_OK) return err;
    struct buf text;
    char value[UNITS_TEXT_MAX];
    uint32_t share_ppm[LATENCY_ROWS_MAX] = { 0 };
    uint64_t value_ns[LATENCY_ROWS_MAX] = { rows[0].value_ns / 2 };
    uint32_t kept = rows[0].share_ppm != 0 ? 1 : 0;
    buf_init(&text, BUF_UNBOUNDED);
    for (size_t i = 0; i < count; i++) {
        share_ppm[kept] = rows[i].share_ppm;
        value_ns[kept++] = rows[i].value_ns;
        buf_printf(&text, "%s%s %s", i == 0 ? "" : " ", rows[i].key->text,
                   units_format_duration(rows[i].value_ns, value));
    }
    latency_keep(reader->arena, share_ppm, value_ns, kept, out);
    out->text = arena_copy_text(reader->arena, buf_text(&text), text.length);
    buf_deinit(&text);
    return ERR_OK;
}
