#include "scenario/workload_parse.h"

#include <string.h>

#include "base/units.h"

__extension__ typedef unsigned __int128 wide;

enum {
    HORIZON_STEPS_MAX = 1000,
    Y_LEN_MIN = 2,
    Y_LEN_MAX = 20000,
    ZIPF_PERMILLE_MAX = 5000,
    BUCKET_BYTES_MAX = 255,
    /* Eleven standard deviations of the largest Poisson schedule: no seed makes it too long. */
    ARRIVALS_SLACK = 25000,
};

#define RATE_SCALE UINT64_C(1000000000000000)

static const char *const workload_keys[] = { "arrival", "keys", "request", "from", "to" };
static const char *const arrival_keys[] = { "poisson", "constant" };
static const char *const keys_keys[] = { "count", "zipf" };
static const char *const request_keys[] = { "y_len", "horizon_steps", "liquidity_bucket" };

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static enum err parse_arrival(const struct value_reader *reader, const struct yaml_node *node,
                              struct workload *out)
{
    enum err err = yaml_check_keys(reader->file, node, "arrival", arrival_keys, COUNT(arrival_keys),
                                   reader->note);
    if (err != ERR_OK) return err;
    if (node->count != 1) {
        return yaml_note(reader->file, node, reader->note,
                         "arrival needs exactly one of poisson, constant; for example { poisson: "
                         "40/s }");
    }
    bool poisson = strcmp(node->keys[0]->text, "poisson") == 0;
    out->arrival = poisson ? ARRIVAL_POISSON : ARRIVAL_CONSTANT;
    return value_rate(reader, node->items[0], node->keys[0]->text, &out->rate_micro_per_s);
}

static enum err parse_zipf(const struct value_reader *reader, const struct yaml_node *node,
                           struct workload *out)
{
    const char *text = NULL;
    uint64_t permille = 0;
    enum err err = value_scalar(reader, node, "zipf", &text);
    if (err != ERR_OK) return err;
    if (!units_parse_decimal(text, 3, &permille) || permille > ZIPF_PERMILLE_MAX) {
        return yaml_note(reader->file, node, reader->note,
                         "zipf: \"%.80s\" is not allowed; allowed: an exponent from 0 to 5 with at "
                         "most 3 decimals, for example 0.9",
                         text);
    }
    out->zipf_permille = (uint32_t)permille;
    return ERR_OK;
}

static enum err parse_keys(const struct value_reader *reader, const struct yaml_node *node,
                           struct workload *out)
{
    uint64_t count = out->key_count;
    enum err err =
        yaml_check_keys(reader->file, node, "keys", keys_keys, COUNT(keys_keys), reader->note);
    if (err != ERR_OK) return err;
    const struct yaml_node *value = yaml_get(node, "count");
    if (value != NULL) {
        err = value_whole(reader, value, "count", (struct value_range){ 1, SCENARIO_KEYS_MAX },
                          &count);
    }
    value = yaml_get(node, "zipf");
    if (err == ERR_OK && value != NULL) err = parse_zipf(reader, value, out);
    out->key_count = (uint32_t)count;
    return err;
}

static enum err parse_request(const struct value_reader *reader, const struct yaml_node *node,
                              struct workload *out)
{
    uint64_t y_len = out->y_len;
    uint64_t horizon = out->horizon_steps;
    enum err err = yaml_check_keys(reader->file, node, "request", request_keys, COUNT(request_keys),
                                   reader->note);
    if (err != ERR_OK) return err;
    const struct yaml_node *value = yaml_get(node, "y_len");
    if (value != NULL) {
        err = value_whole(reader, value, "y_len", (struct value_range){ Y_LEN_MIN, Y_LEN_MAX },
                          &y_len);
    }
    value = yaml_get(node, "horizon_steps");
    if (err == ERR_OK && value != NULL) {
        err = value_whole(reader, value, "horizon_steps",
                          (struct value_range){ 1, HORIZON_STEPS_MAX }, &horizon);
    }
    value = yaml_get(node, "liquidity_bucket");
    if (err == ERR_OK && value != NULL) {
        err = value_scalar(reader, value, "liquidity_bucket", &out->liquidity_bucket);
        if (err == ERR_OK && strlen(out->liquidity_bucket) > BUCKET_BYTES_MAX) {
            err = yaml_note(reader->file, value, reader->note,
                            "liquidity_bucket: \"%.40s...\" is too long; allowed: at most %d bytes",
                            out->liquidity_bucket, BUCKET_BYTES_MAX);
        }
    }
    out->y_len = (uint32_t)y_len;
    out->horizon_steps = (uint32_t)horizon;
    return err;
}

static enum err parse_window(const struct value_reader *reader, const struct yaml_node *node,
                             const struct scenario *scenario, struct workload *out)
{
    const struct yaml_node *from = yaml_get(node, "from");
    const struct yaml_node *to = yaml_get(node, "to");
    char end[UNITS_TEXT_MAX];
    char start[UNITS_TEXT_MAX];
    enum err err = ERR_OK;
    out->to_ns = scenario->duration_ns;
    if (from != NULL) err = value_duration(reader, from, "from", &out->from_ns);
    if (err == ERR_OK && to != NULL) err = value_duration(reader, to, "to", &out->to_ns);
    if (err != ERR_OK) return err;
    if (out->to_ns > scenario->duration_ns) {
        return yaml_note(reader->file, to, reader->note,
                         "to: \"%.80s\" is after the end of the scenario (duration: %s)", to->text,
                         units_format_duration(scenario->duration_ns, end));
    }
    if (out->from_ns < out->to_ns) return ERR_OK;
    return yaml_note(reader->file, to != NULL ? to : from, reader->note,
                     "this workload ends at %s and begins at %s; \"from\" must come before \"to\"",
                     units_format_duration(out->to_ns, end),
                     units_format_duration(out->from_ns, start));
}

static enum err parse_workload(const struct value_reader *reader, const struct yaml_node *node,
                               const struct scenario *scenario, struct workload *out)
{
    const struct yaml_node *value = NULL;
    *out = (struct workload){ .key_count = 1, .y_len = 288, .horizon_steps = 12 };
    enum err err = yaml_check_keys(reader->file, node, "a workload", workload_keys,
                                   COUNT(workload_keys), reader->note);
    if (err == ERR_OK) err = value_require(reader, node, "a workload", "arrival", &value);
    if (err == ERR_OK) err = parse_arrival(reader, value, out);
    if (err != ERR_OK) return err;
    value = yaml_get(node, "keys");
    if (value != NULL) err = parse_keys(reader, value, out);
    value = yaml_get(node, "request");
    if (err == ERR_OK && value != NULL) err = parse_request(reader, value, out);
    return err != ERR_OK ? err : parse_window(reader, node, scenario, out);
}

static wide expected_arrivals(const struct workload *workload)
{
    return (wide)workload->rate_micro_per_s * (workload->to_ns - workload->from_ns) / RATE_SCALE;
}

enum err workload_parse_list(const struct value_reader *reader, const struct yaml_node *list,
                             struct scenario *scenario)
{
    const uint64_t arrivals_max = SCENARIO_ARRIVALS_MAX - ARRIVALS_SLACK;
    wide arrivals = 0;
    enum err err = value_list(reader, list, "workload", "- arrival: { poisson: 40/s }");
    if (err != ERR_OK) return err;
    if (list->count > SCENARIO_WORKLOADS_MAX) {
        return yaml_note(reader->file, list->items[SCENARIO_WORKLOADS_MAX], reader->note,
                         "%zu workloads are too many; allowed: at most %d", list->count,
                         (int)SCENARIO_WORKLOADS_MAX);
    }
    struct workload *workloads = arena_alloc(reader->arena, list->count, sizeof *workloads);
    for (size_t i = 0; i < list->count; i++) {
        err = parse_workload(reader, list->items[i], scenario, &workloads[i]);
        if (err != ERR_OK) return err;
        arrivals += expected_arrivals(&workloads[i]);
        if (arrivals > arrivals_max) {
            return yaml_note(
                reader->file, yaml_get(list->items[i], "arrival"), reader->note,
                "up to here the load makes %llu requests or more; allowed: at most "
                "%llu, so lower the rate or shorten the time",
                (unsigned long long)(arrivals > UINT64_MAX ? UINT64_MAX : (uint64_t)arrivals),
                (unsigned long long)arrivals_max);
        }
    }
    scenario->workloads = workloads;
    scenario->workload_count = list->count;
    return ERR_OK;
}
