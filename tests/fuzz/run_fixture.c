#include "run_fixture.h"

#include <assert.h>
#include <string.h>

static const char yaml[] =
    "version: 1\nname: fuzz\nteaches: Nothing.\nseed: 7\nduration: 4s\nruntime: { env: prod }\n"
    "workload:\n  - arrival: { constant: 5/s }\n    keys: { count: 3 }\n"
    "upstream:\n  latency: 40ms\n  phases:\n"
    "    - { name: outage, from: 1s, to: 3s, faults: [ { status: 503, share: 50% } ] }\n"
    "expect:\n  - order: guide\n";

void run_fixture(struct run *run)
{
    static struct arena arena;
    static struct scenario scenario;
    static struct schedule schedule;
    static struct runtime_config config;
    if (scenario.name == NULL) {
        struct err_note note = { .err = ERR_OK };
        const struct config_source source = { .path = NULL };
        enum err rc = scenario_parse(&arena, "fuzz.yaml", yaml, strlen(yaml), &scenario, &note);
        assert(rc == ERR_OK);
        rc = config_load(&config, &source, &note);
        assert(rc == ERR_OK);
        schedule_create(&scenario, scenario.seed, &schedule);
    }
    run_init(run, WORLD_REAL, &scenario, &schedule, &config, scenario.seed);
}
