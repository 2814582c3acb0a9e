#include <string.h>

#include "base/instant.h"
#include "base/units.h"
#include "scenario/workload_parts.h"

enum {
    HORIZON_STEPS_MAX = 1000,
    Y_LEN_MIN = 2,
    Y_LEN_MAX = 20000,
    TEXT_BYTES_MAX = 128, /* of texts that end up in a request */
    FREQ_MINUTES = 5,
    GAP_MINUTES_MAX = 10 * 24 * 60,
    PPM = 1000000,
};

static const char *const request_keys[] = {
    "y_len", "horizon_steps", "liquidity_bucket", "market", "model", "max_gap_minutes",
    "gap",   "values",        "bad",
};
static const char *const mix_keys[] = { "share", "request" };

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static enum err parse_number(const struct value_reader *reader, const struct yaml_node *map,
                             const char *key, struct value_range range, uint32_t *out)
{
    const struct yaml_node *node = yaml_get(map, key);
    uint64_t whole = 0;
    if (node == NULL) return ERR_OK;
    enum err err = value_whole(reader, node, key, range, &whole);
    if (err == ERR_OK) *out = (uint32_t)whole;
    return err;
}

static enum err parse_text(const struct value_reader *reader, const struct yaml_node *map,
                           const char *key, const char **out)
{
    const struct yaml_node *node = yaml_get(map, key);
    if (node == NULL) return ERR_OK;
    enum err err = value_scalar(reader, node, key, out);
    if (err != ERR_OK || strlen(*out) <= TEXT_BYTES_MAX) return err;
    return yaml_note(reader->file, node, reader->note,
                     "%s: \"%.40s...\" is too long; allowed: at most %d bytes", key, *out,
                     TEXT_BYTES_MAX);
}

/* The gap in y_ts: whole steps of freq. */
static enum err parse_gap(const struct value_reader *reader, const struct yaml_node *map,
                          struct request_shape *out)
{
    const struct yaml_node *node = yaml_get(map, "gap");
    const uint64_t step_ns = (uint64_t)FREQ_MINUTES * 60 * NS_PER_S;
    uint64_t gap_ns = 0;
    if (node == NULL) return ERR_OK;
    enum err err = value_duration(reader, node, "gap", &gap_ns);
    if (err != ERR_OK) return err;
    out->gap_minutes = (uint32_t)(gap_ns / (60 * NS_PER_S));
    if (gap_ns > 0 && gap_ns % step_ns == 0) return ERR_OK;
    return yaml_note(reader->file, node, reader->note,
                     "gap: \"%.80s\" is not a whole number of 5m, the distance of the values; for "
                     "example 90m",
                     node->text);
}

static enum err parse_bad(const struct value_reader *reader, const struct yaml_node *map,
                          struct request_shape *out)
{
    const struct yaml_node *node = yaml_get(map, "bad");
    size_t at = 0;
    if (node == NULL) return ERR_OK;
    enum err err = value_choice(reader, node, "bad", bad_request_names, &at);
    if (err == ERR_OK) out->bad = (enum bad_request)at;
    return err;
}

static enum err parse_values(const struct value_reader *reader, const struct yaml_node *map,
                             struct request_shape *out)
{
    const struct yaml_node *node = yaml_get(map, "values");
    size_t at = 0;
    if (node == NULL) return ERR_OK;
    enum err err = value_choice(reader, node, "values", request_values_names, &at);
    if (err == ERR_OK) out->extreme = at > 0;
    return err;
}

/* What is not said stays as it is. */
static enum err parse_request(const struct value_reader *reader, const struct yaml_node *node,
                              struct request_shape *out)
{
    enum err err = yaml_check_keys(reader->file, node, "request", request_keys, COUNT(request_keys),
                                   reader->note);
    if (err == ERR_OK) {
        err = parse_number(reader, node, "y_len", (struct value_range){ Y_LEN_MIN, Y_LEN_MAX },
                           &out->y_len);
    }
    if (err == ERR_OK) {
        err = parse_number(reader, node, "horizon_steps",
                           (struct value_range){ 1, HORIZON_STEPS_MAX }, &out->horizon_steps);
    }
    if (err == ERR_OK) {
        out->has_max_gap = out->has_max_gap || yaml_get(node, "max_gap_minutes") != NULL;
        err = parse_number(reader, node, "max_gap_minutes",
                           (struct value_range){ 0, GAP_MINUTES_MAX }, &out->max_gap_minutes);
    }
    if (err == ERR_OK) {
        err = parse_text(reader, node, "liquidity_bucket", &out->liquidity_bucket);
    }
    if (err == ERR_OK) err = parse_text(reader, node, "market", &out->market);
    if (err == ERR_OK) err = parse_text(reader, node, "model", &out->model);
    if (err == ERR_OK) err = parse_gap(reader, node, out);
    if (err == ERR_OK) err = parse_values(reader, node, out);
    return err != ERR_OK ? err : parse_bad(reader, node, out);
}

static enum err parse_entry(const struct value_reader *reader, const struct yaml_node *node,
                            struct request_shape *out, bool *has_share)
{
    enum err err = yaml_check_keys(reader->file, node, "an entry of mix", mix_keys, COUNT(mix_keys),
                                   reader->note);
    if (err != ERR_OK) return err;
    const struct yaml_node *share = yaml_get(node, "share");
    const struct yaml_node *request = yaml_get(node, "request");
    *has_share = share != NULL;
    if (share != NULL) {
        err = value_share(reader, share, "share", &out->share_ppm);
        if (err == ERR_OK && out->share_ppm == 0) {
            return yaml_note(reader->file, share, reader->note,
                             "share: an entry that no request is of; leave it out");
        }
    }
    return err != ERR_OK || request == NULL ? err : parse_request(reader, request, out);
}

/* Entries without a share take equal parts of what the others leave; the first takes the rounding.
 */
static enum err split_rest(const struct value_reader *reader, const struct yaml_node *list,
                           struct request_shape *shapes, const bool *has_share)
{
    uint64_t given = 0;
    uint32_t open = 0;
    char text[UNITS_TEXT_MAX];
    for (size_t i = 0; i < list->count; i++) {
        if (has_share[i])
            given += shapes[i].share_ppm;
        else
            open++;
    }
    if (given > PPM || (open == 0 && given != PPM) || (open > 0 && PPM - given < open)) {
        units_format_share(given > UINT32_MAX ? UINT32_MAX : (uint32_t)given, text);
        return yaml_note(
            reader->file, list, reader->note,
            "the shares of this mix add up to %s%s; all entries together make 100%%, and "
            "one without a share takes what the others leave",
            text, open > 0 ? " without the entries that have none" : "");
    }
    uint32_t rest = (uint32_t)(PPM - given);
    for (size_t i = 0; i < list->count; i++) {
        if (has_share[i]) continue;
        shapes[i].share_ppm = rest / open;
        rest -= shapes[i].share_ppm;
        open--;
    }
    return ERR_OK;
}

static enum err parse_mix(const struct value_reader *reader, const struct yaml_node *list,
                          const struct request_shape *common, struct workload *out)
{
    bool has_share[WORKLOAD_MIX_MAX];
    enum err err = value_list(reader, list, "mix", "- { share: 70% }");
    if (err != ERR_OK) return err;
    if (list->count > WORKLOAD_MIX_MAX) {
        return yaml_note(reader->file, list->items[WORKLOAD_MIX_MAX], reader->note,
                         "%zu entries are too many; allowed: at most %d", list->count,
                         (int)WORKLOAD_MIX_MAX);
    }
    struct request_shape *shapes = arena_alloc(reader->arena, list->count, sizeof *shapes);
    for (size_t i = 0; i < list->count; i++) {
        shapes[i] = *common;
        err = parse_entry(reader, list->items[i], &shapes[i], &has_share[i]);
        if (err != ERR_OK) return err;
    }
    out->shapes = shapes;
    out->shape_count = (uint32_t)list->count;
    return split_rest(reader, list, shapes, has_share);
}

enum err workload_parse_shapes(const struct value_reader *reader, const struct yaml_node *workload,
                               struct workload *out)
{
    struct request_shape *common = arena_alloc(reader->arena, 1, sizeof *common);
    *common = (struct request_shape){ .share_ppm = PPM, .y_len = 288, .horizon_steps = 12 };
    const struct yaml_node *request = yaml_get(workload, "request");
    const struct yaml_node *mix = yaml_get(workload, "mix");
    enum err err = request == NULL ? ERR_OK : parse_request(reader, request, common);
    out->shapes = common;
    out->shape_count = 1;
    return err != ERR_OK || mix == NULL ? err : parse_mix(reader, mix, common, out);
}
