#include "harness/report_json_run.h"

static void put(struct json *json, const char *key, const struct run_stall *stall)
{
    json_key(json, key);
    if (!stall->known) {
        json_null(json);
        return;
    }
    json_open(json, '{');
    json_member_u64(json, "worst_ns", stall->worst_ns);
    json_member_u64(json, "at_ns", stall->at_ns);
    json_close(json, '}');
}

void report_json_stalls(struct json *json, const struct run *run)
{
    json_key(json, "stalls");
    json_open(json, '{');
    put(json, "generator", &run->generator_stall);
    put(json, "mock", &run->mock_stall);
    put(json, "service", &run->service_stall);
    json_close(json, '}');
}
