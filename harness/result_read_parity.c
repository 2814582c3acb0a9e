#include "harness/result_read_parity.h"

#include <stdio.h>

#include "harness/result_read.h"

static void read_interval(struct cursor *cursor, const cJSON *object, const char *name,
                          struct parity_interval *out)
{
    const cJSON *from = cursor_member(cursor, object, name, cJSON_Object);
    out->sim = cursor_u64(cursor, from, "sim", RESULT_NUMBER_MAX);
    out->real = cursor_u64(cursor, from, "real", RESULT_NUMBER_MAX);
    out->low = cursor_u64(cursor, from, "low", RESULT_NUMBER_MAX);
    out->high = cursor_u64(cursor, from, "high", RESULT_NUMBER_MAX);
}

static void read_intervals(struct cursor *cursor, const cJSON *object, struct parity_intervals *out)
{
    const cJSON *from = cursor_member(cursor, object, "intervals", cJSON_Object);
    out->hold = cursor_bool(cursor, from, "hold");
    read_interval(cursor, from, "p95_ns", &out->p95_ns);
    const cJSON *shares = cursor_member(cursor, from, "shares_ppm", cJSON_Object);
    for (size_t kind = 0; kind < SERVED_COUNT; kind++) {
        read_interval(cursor, shares, served_name((enum served)kind), &out->shares_ppm[kind]);
    }
}

void result_read_parity(struct cursor *cursor, const cJSON *object, struct suite_scenario *item)
{
    const cJSON *from = cursor_member(cursor, object, "parity", cJSON_Invalid);
    if (cJSON_IsNull(from)) return;
    struct parity *parity = &item->parity;
    item->has_parity = true;
    parity->holds = cursor_bool(cursor, from, "holds");
    parity->margin_ns = cursor_u64(cursor, from, "margin_ns", UINT64_MAX);
    parity->requests = (uint32_t)cursor_u64(cursor, from, "requests", UINT32_MAX);
    parity->decided = (uint32_t)cursor_u64(cursor, from, "decided", parity->requests);
    parity->agree = (uint32_t)cursor_u64(cursor, from, "agree", parity->decided);
    parity->marginal = (uint32_t)cursor_u64(cursor, from, "marginal", parity->requests);
    parity->marginal_agree = (uint32_t)cursor_u64(cursor, from, "marginal_agree", parity->marginal);
    /* An earlier result says nothing of chaos: nothing was. */
    parity->chaotic = cJSON_HasObjectItem(from, "chaotic") && cursor_bool(cursor, from, "chaotic");
    if (parity->chaotic) {
        parity->stall_ns = cursor_u64(cursor, from, "stall_ns", UINT64_MAX);
        read_interval(cursor, from, "transitions", &parity->transitions);
    }
    /* An earlier result says nothing of level 2: it had none. */
    parity->served_holds = parity->holds;
    parity->intervals.hold = true;
    if (cJSON_HasObjectItem(from, "intervals")) {
        parity->served_holds = cursor_bool(cursor, from, "served_holds");
        read_intervals(cursor, from, &parity->intervals);
    }
    const cJSON *ids = cursor_member(cursor, from, "differ", cJSON_Array);
    const cJSON *id = NULL;
    cJSON_ArrayForEach(id, ids)
    {
        if (parity->id_count == PARITY_IDS_MAX) break;
        parity->ids[parity->id_count++] = cursor_request_id(cursor, id, SCENARIO_ARRIVALS_MAX);
    }
}

void result_read_replay(struct cursor *cursor, const cJSON *object, struct suite_scenario *item)
{
    const cJSON *from = cursor_member(cursor, object, "replay", cJSON_Invalid);
    if (cJSON_IsNull(from)) return;
    struct replay *replay = &item->replay;
    item->has_replay = true;
    replay->identical = cursor_bool(cursor, from, "identical");
    replay->inputs = cursor_u64(cursor, from, "inputs", RESULT_NUMBER_MAX);
    replay->actions = cursor_u64(cursor, from, "actions", RESULT_NUMBER_MAX);
    replay->end = (enum replay_end)cursor_u64(cursor, from, "end", REPLAY_CUT);
    if (replay->identical) return;
    replay->line = (int)cursor_u64(cursor, from, "line", INT32_MAX);
    snprintf(replay->sentence, sizeof replay->sentence, "%s",
             cursor_text(cursor, from, "sentence"));
}
