#include "scenario/latency.h"

#include <string.h>

#include "base/rng.h"
#include "base/units.h"
#include "scenario/chance.h"
#include "scenario/latency_private.h"

__extension__ typedef unsigned __int128 wide;

const char latency_table_hint[] =
    "allowed: min, max and percentiles such as p50 or p99.9, for example { p50: 40ms, p90: 90ms, "
    "max: 400ms }";

static const char kinds_hint[] =
    "write a time (40ms), a table ({ p50: 40ms, p90: 90ms, max: 400ms }), { uniform: [100ms, "
    "300ms] "
    "}, { lognormal: { median: 40ms, p99: 400ms } } or { samples: recorded.txt }";

void latency_keep(struct arena *arena, const uint32_t *share_ppm, const uint64_t *value_ns,
                  uint32_t count, struct latency *out)
{
    uint32_t *shares = arena_alloc(arena, count, sizeof *shares);
    uint64_t *values = arena_alloc(arena, count, sizeof *values);
    memcpy(shares, share_ppm, count * sizeof *shares);
    memcpy(values, value_ns, count * sizeof *values);
    out->count = count;
    out->share_ppm = shares;
    out->value_ns = values;
}

static void keep_line(const struct value_reader *reader, uint64_t from_ns, uint64_t to_ns,
                      struct latency *out)
{
    static const uint32_t shares[] = { 0, SHARE_ALL };
    const uint64_t values[] = { from_ns, to_ns };
    latency_keep(reader->arena, shares, values, 2, out);
}

static enum err parse_fixed(const struct value_reader *reader, const struct yaml_node *node,
                            const char *what, struct latency *out)
{
    char text[UNITS_TEXT_MAX];
    uint64_t value_ns = 0;
    enum err err = value_duration(reader, node, what, &value_ns);
    if (err != ERR_OK) return err;
    keep_line(reader, value_ns, value_ns, out);
    out->text = arena_printf(reader->arena, "%s", units_format_duration(value_ns, text));
    return ERR_OK;
}

static enum err parse_uniform(const struct value_reader *reader, const struct yaml_node *node,
                              struct latency *out)
{
    char from[UNITS_TEXT_MAX];
    char to[UNITS_TEXT_MAX];
    uint64_t ends_ns[2] = { 0, 0 };
    if (node->kind != YAML_LIST || node->count != 2) {
        return yaml_note(reader->file, node, reader->note,
                         "uniform needs its two ends, for example [100ms, 300ms]");
    }
    for (size_t i = 0; i < 2; i++) {
        enum err err = value_duration(reader, node->items[i], "uniform", &ends_ns[i]);
        if (err != ERR_OK) return err;
    }
    if (ends_ns[0] > ends_ns[1]) {
        return yaml_note(reader->file, node->items[0], reader->note,
                         "uniform: \"%.80s\" is more than \"%.80s\"; write the smaller end first",
                         node->items[0]->text, node->items[1]->text);
    }
    keep_line(reader, ends_ns[0], ends_ns[1], out);
    out->text =
        arena_printf(reader->arena, "uniform %s to %s", units_format_duration(ends_ns[0], from),
                     units_format_duration(ends_ns[1], to));
    return ERR_OK;
}

/* median * (p99 / median)^(z / z99), row by row. */
static void make_lognormal(const struct value_reader *reader, uint64_t median_ns, uint64_t p99_ns,
                           struct latency *out)
{
    uint32_t shares[CHANCE_NORMAL_ROWS];
    uint64_t values[CHANCE_NORMAL_ROWS];
    int64_t ratio = (int64_t)(chance_log2(p99_ns) - chance_log2(median_ns)); /* Q32, below 2^38 */
    for (uint32_t i = 0; i < CHANCE_NORMAL_ROWS; i++) {
        int64_t exponent = ratio * chance_normal_z_micro(i) / CHANCE_Z99_MICRO;
        shares[i] = chance_normal_share_ppm(i);
        values[i] = chance_scale_exp2(median_ns, exponent, VALUE_DURATION_MAX);
    }
    latency_keep(reader->arena, shares, values, CHANCE_NORMAL_ROWS, out);
}

static enum err parse_lognormal(const struct value_reader *reader, const struct yaml_node *node,
                                struct latency *out)
{
    static const char *const keys[] = { "median", "p99" };
    char text[2][UNITS_TEXT_MAX];
    uint64_t given_ns[2] = { 0, 0 };
    enum err err = yaml_check_keys(reader->file, node, "lognormal", keys, 2, reader->note);
    for (size_t i = 0; err == ERR_OK && i < 2; i++) {
        const struct yaml_node *value = NULL;
        err = value_require(reader, node, "lognormal", keys[i], &value);
        if (err == ERR_OK) err = value_duration(reader, value, keys[i], &given_ns[i]);
        if (err == ERR_OK && given_ns[i] == 0) {
            err = yaml_note(reader->file, value, reader->note,
                            "%s: a lognormal length of time is never 0s", keys[i]);
        }
    }
    if (err != ERR_OK) return err;
    if (given_ns[1] < given_ns[0]) {
        return yaml_note(reader->file, yaml_get(node, "p99"), reader->note,
                         "p99: \"%.80s\" is less than the median \"%.80s\"",
                         yaml_get(node, "p99")->text, yaml_get(node, "median")->text);
    }
    make_lognormal(reader, given_ns[0], given_ns[1], out);
    out->text = arena_printf(reader->arena, "lognormal median %s p99 %s",
                             units_format_duration(given_ns[0], text[0]),
                             units_format_duration(given_ns[1], text[1]));
    return ERR_OK;
}

enum err latency_parse(const struct value_reader *reader, const struct yaml_node *node,
                       const char *what, struct latency *out)
{
    static const struct {
        const char *key;
        enum err (*parse)(const struct value_reader *reader, const struct yaml_node *node,
                          struct latency *out);
    } kinds[] = {
        { "uniform", parse_uniform },
        { "lognormal", parse_lognormal },
        { "samples", latency_parse_samples },
    };
    *out = (struct latency){ .text = "" };
    if (node->kind == YAML_SCALAR) return parse_fixed(reader, node, what, out);
    if (node->kind == YAML_LIST) {
        return yaml_note(reader->file, node, reader->note,
                         "%s must be a time or a distribution; %s", what, kinds_hint);
    }
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const struct yaml_node *value = yaml_get(node, kinds[i].key);
        if (value == NULL) continue;
        if (node->count > 1) {
            return yaml_note(reader->file, node, reader->note,
                             "%s: \"%s\" stands alone, without other keys beside it", what,
                             kinds[i].key);
        }
        return kinds[i].parse(reader, value, out);
    }
    return latency_parse_table(reader, node, out);
}

static uint64_t draw_row(const struct latency *latency, uint64_t uniform)
{
    /* The share in Q32 parts per million: 52 bits, times a value of at most 47 bits. */
    wide share = ((wide)uniform * SHARE_ALL) >> 32;
    size_t next = 1;
    for (size_t end = latency->count - 1; next < end;) {
        size_t middle = next + (end - next) / 2;
        if (share >= (wide)latency->share_ppm[middle] << 32)
            next = middle + 1;
        else
            end = middle;
    }
    wide from = (wide)latency->share_ppm[next - 1] << 32;
    wide length = ((wide)latency->share_ppm[next] << 32) - from;
    uint64_t rise = latency->value_ns[next] - latency->value_ns[next - 1];
    wide part = ((wide)rise * (share - from) + length / 2) / length; /* nearest: exact at rows */
    return latency->value_ns[next - 1] + (uint64_t)part;
}

uint64_t latency_draw_ns(const struct latency *latency, uint64_t uniform)
{
    if (latency->count == 0) return 0;
    if (latency->share_ppm == NULL) return latency->value_ns[draw_below(uniform, latency->count)];
    /* A fixed time, mostly. */
    if (latency->value_ns[0] == latency->value_ns[latency->count - 1]) return latency->value_ns[0];
    return draw_row(latency, uniform);
}
