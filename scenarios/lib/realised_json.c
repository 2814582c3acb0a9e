/* What was realised, for programs. */
#include "base/json.h"
#include "scenario/realised.h"
#include "scenario/realised_delay.h"

static void write_share(void *context, const struct realised *realised)
{
    struct json *json = context;
    json_open(json, '{');
    json_member_string(json, "phase", realised->phase->name);
    json_member_string(json, "fault", realised->fault->text);
    json_member_u64(json, "attempts", realised->count.eligible);
    json_member_u64(json, "fired", realised->count.fired);
    json_member_u64(json, "asked_ppm", realised->asked_ppm);
    json_member_u64(json, "low_ppm", realised->low_ppm);
    json_member_u64(json, "high_ppm", realised->high_ppm);
    json_member_bool(json, "judged", realised->judged);
    json_member_bool(json, "as_asked", realised_as_asked(realised));
    json_close(json, '}');
}

void realised_write_json(struct buf *out, const struct scenario *scenario,
                         const struct plan_state *state)
{
    struct json json;
    json_init(&json, out);
    json_open(&json, '[');
    realised_each(scenario, state, write_share, &json);
    json_close(&json, ']');
}

static void write_json_quantile(struct json *json, const struct realised_quantile *quantile)
{
    json_open(json, '{');
    json_member_u64(json, "ppm", quantile->ppm);
    json_member_u64(json, "asked_ns", quantile->asked_ns);
    json_member_u64(json, "realised_ns", quantile->realised_ns);
    json_member_u64(json, "low_ns", quantile->low_ns);
    json_key(json, "high_ns");
    if (quantile->high_ns == UINT64_MAX)
        json_null(json);
    else
        json_u64(json, quantile->high_ns);
    json_close(json, '}');
}

static void write_json(struct json *json, const struct realised_delay *delay)
{
    json_open(json, '{');
    json_member_string(json, "text", delay->text);
    json_member_string(json, "phase", delay->phase != NULL ? delay->phase->name : NULL);
    json_member_string(json, "fault", delay->fault != NULL ? delay->fault->text : NULL);
    json_member_u64(json, "attempts", delay->count);
    json_key(json, "quantiles");
    json_open(json, '[');
    for (size_t q = 0; delay->count > 0 && q < REALISED_QUANTILES; q++)
        write_json_quantile(json, &delay->quantiles[q]);
    json_close(json, ']');
    json_member_u64(json, "asked_max_ns", delay->asked_max_ns);
    json_member_u64(json, "realised_max_ns", delay->realised_max_ns);
    json_member_u64(json, "late_p50_ns", delay->late_p50_ns);
    json_member_u64(json, "late_p99_ns", delay->late_p99_ns);
    json_member_u64(json, "late_max_ns", delay->late_max_ns);
    json_member_bool(json, "judged", delay->judged);
    json_member_bool(json, "as_asked", realised_delay_as_asked(delay, NULL));
    json_close(json, '}');
}

void realised_delays_write_json(struct buf *out, const struct realised_delays *delays)
{
    struct json json;
    json_init(&json, out);
    json_open(&json, '[');
    for (size_t i = 0; i < realised_delays_count(delays); i++) {
        struct realised_delay delay = realised_delay_of(delays, i);
        write_json(&json, &delay);
    }
    json_close(&json, ']');
}
