#include "scenario/workload_parse.h"

#include <string.h>

#include "base/units.h"
#include "scenario/arrival_open.h"
#include "scenario/workload_parts.h"

__extension__ typedef unsigned __int128 wide;

enum {
    ZIPF_PERMILLE_MAX = 5000,
    /* Eleven standard deviations of the largest Poisson schedule: no seed makes it too long. */
    ARRIVALS_SLACK = 25000,
    PPM = 1000000,
};

/* A request that is on its way for longer is no upload but an attack, which the guard's tests have.
 */
#define CLIENT_OVER_MAX_NS (2 * NS_PER_S)

static const char *const workload_keys[] = { "name", "arrival", "keys", "request",
                                             "mix",  "client",  "from", "to" };
static const char *const keys_keys[] = { "count", "zipf" };
static const char *const client_keys[] = { "hang_up", "after", "slow_upload", "over" };

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

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
    if (err == ERR_OK && out->arrival == ARRIVAL_CYCLE && count < out->size) {
        return yaml_note(reader->file, value != NULL ? value : node, reader->note,
                         "a cycle over the top %u needs as many keys", out->size);
    }
    value = yaml_get(node, "zipf");
    if (err == ERR_OK && value != NULL) err = parse_zipf(reader, value, out);
    out->key_count = (uint32_t)count;
    return err;
}

/* A share and the time that goes with it; both or none. */
static enum err parse_fault(const struct value_reader *reader, const struct yaml_node *client,
                            const char *share_key, const char *time_key, uint32_t *out_ppm,
                            uint64_t *out_ns)
{
    const struct yaml_node *share = yaml_get(client, share_key);
    const struct yaml_node *time = yaml_get(client, time_key);
    if (share == NULL && time == NULL) return ERR_OK;
    if (share == NULL || time == NULL) {
        return yaml_note(reader->file, share == NULL ? time : share, reader->note,
                         "client: %s needs %s beside it", share == NULL ? time_key : share_key,
                         share == NULL ? share_key : time_key);
    }
    enum err err = value_share(reader, share, share_key, out_ppm);
    return err != ERR_OK ? err : value_duration(reader, time, time_key, out_ns);
}

static enum err parse_client(const struct value_reader *reader, const struct yaml_node *node,
                             struct workload *out)
{
    struct client_faults *client = &out->client;
    enum err err = yaml_check_keys(reader->file, node, "client", client_keys, COUNT(client_keys),
                                   reader->note);
    if (err == ERR_OK) {
        err =
            parse_fault(reader, node, "hang_up", "after", &client->hang_up_ppm, &client->after_ns);
    }
    if (err == ERR_OK) {
        err = parse_fault(reader, node, "slow_upload", "over", &client->slow_ppm, &client->over_ns);
    }
    if (err != ERR_OK) return err;
    if ((uint64_t)client->hang_up_ppm + client->slow_ppm > PPM) {
        return yaml_note(
            reader->file, node, reader->note,
            "client: hang_up and slow_upload are over 100%% together; a request is one "
            "of them at most");
    }
    if (client->over_ns <= CLIENT_OVER_MAX_NS) return ERR_OK;
    return yaml_note(reader->file, yaml_get(node, "over"), reader->note,
                     "over: \"%.80s\" is too long; allowed: at most 2s",
                     yaml_get(node, "over")->text);
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

/* Names tell workloads apart in expectations and reports. */
static enum err parse_name(const struct value_reader *reader, const struct yaml_node *node,
                           const struct workload *before, size_t before_count, struct workload *out)
{
    const struct yaml_node *name = yaml_get(node, "name");
    if (name == NULL) return ERR_OK;
    enum err err = value_name(reader, name, "name", &out->name);
    for (size_t i = 0; i < before_count && err == ERR_OK; i++) {
        if (before[i].name == NULL || strcmp(before[i].name, out->name) != 0) continue;
        err = yaml_note(reader->file, name, reader->note,
                        "the name \"%.80s\" is taken by another workload; names are unique",
                        out->name);
    }
    return err;
}

/* Each key is a distinct request in each shape of the mix. */
static enum err multiply_keys(const struct value_reader *reader, const struct yaml_node *node,
                              struct workload *out)
{
    uint64_t distinct = (uint64_t)out->key_count * out->shape_count;
    out->key_count = (uint32_t)distinct;
    if (distinct <= SCENARIO_KEYS_MAX) return ERR_OK;
    return yaml_note(
        reader->file, node, reader->note,
        "%llu distinct requests (keys times entries of the mix) are too many; allowed: "
        "at most %d",
        (unsigned long long)distinct, (int)SCENARIO_KEYS_MAX);
}

static enum err parse_workload(const struct value_reader *reader, const struct yaml_node *node,
                               const struct scenario *scenario, struct workload *out)
{
    const struct yaml_node *value = NULL;
    *out = (struct workload){ .key_count = 1 };
    enum err err = yaml_check_keys(reader->file, node, "a workload", workload_keys,
                                   COUNT(workload_keys), reader->note);
    if (err == ERR_OK) err = value_require(reader, node, "a workload", "arrival", &value);
    if (err == ERR_OK) err = workload_parse_arrival(reader, value, out);
    if (err != ERR_OK) return err;
    if (out->arrival == ARRIVAL_CYCLE) out->key_count = out->size;
    value = yaml_get(node, "keys");
    if (value != NULL) err = parse_keys(reader, value, out);
    if (err == ERR_OK) err = workload_parse_shapes(reader, node, out);
    if (err == ERR_OK) err = multiply_keys(reader, node, out);
    value = yaml_get(node, "client");
    if (err == ERR_OK && value != NULL) err = parse_client(reader, value, out);
    return err != ERR_OK ? err : parse_window(reader, node, scenario, out);
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
        if (err == ERR_OK) err = parse_name(reader, list->items[i], workloads, i, &workloads[i]);
        if (err != ERR_OK) return err;
        arrivals += open_loop_expected(&workloads[i]);
        arrivals += workload_paced_requests(&workloads[i]);
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
