#include "harness/result_read.h"
#include "harness/result_read_run.h"

static void read_one(struct cursor *cursor, const cJSON *stalls, const char *key,
                     struct run_stall *out)
{
    const cJSON *stall = cursor_member(cursor, stalls, key, cJSON_Invalid);
    if (stall == NULL || cJSON_IsNull(stall)) return;
    out->known = true;
    out->worst_ns = cursor_u64(cursor, stall, "worst_ns", RESULT_NUMBER_MAX);
    out->at_ns = cursor_u64(cursor, stall, "at_ns", RESULT_NUMBER_MAX);
}

void result_read_stalls(struct cursor *cursor, const cJSON *object, struct run *run)
{
    if (!cJSON_HasObjectItem(object, "stalls")) return;
    const cJSON *stalls = cursor_member(cursor, object, "stalls", cJSON_Object);
    read_one(cursor, stalls, "generator", &run->generator_stall);
    read_one(cursor, stalls, "mock", &run->mock_stall);
    read_one(cursor, stalls, "service", &run->service_stall);
}
