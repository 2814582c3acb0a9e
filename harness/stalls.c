#include "harness/stalls.h"

static const struct run_stall *of_generator(const struct run *run)
{
    return &run->generator_stall;
}

static const struct run_stall *of_mock(const struct run *run)
{
    return &run->mock_stall;
}

static const struct run_stall *of_service(const struct run *run)
{
    return &run->service_stall;
}

/* Who, and what befell them. */
static const struct kind {
    const struct run_stall *(*of)(const struct run *run);
    uint64_t most_ns; /* of what a run may bear */
    const char *who;
    const char *before; /* the length of time */
    const char *after;
} kinds[] = {
    { of_generator, STALLS_MAX_NS, "the load generator", "stood still for", "" },
    { of_mock, STALLS_MOCK_MAX_NS, "the mock", "waited", " for a CPU" },
    { of_service, STALLS_MAX_NS, "the runtime", "waited", " for a CPU" },
};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

static double milliseconds(uint64_t ns)
{
    return (double)ns / (double)NS_PER_MS;
}

static void judge(struct run *run, const struct kind *kind)
{
    const struct run_stall *stall = kind->of(run);
    if (!stall->known || stall->worst_ns <= kind->most_ns) return;
    run->lagged = run->lagged || !run->invalid;
    run_set_invalid(run, "%s %s %.0f ms%s at %.1f s; the machine is too busy, lower --jobs",
                    kind->who, kind->before, milliseconds(stall->worst_ns), kind->after,
                    (double)stall->at_ns / (double)NS_PER_S);
}

void stalls_judge(struct run *run)
{
    if (!run->complete) return;
    for (size_t i = 0; i < KINDS; i++) judge(run, &kinds[i]);
}

/* The worst of all that were observed; its scenario, NULL when none was. */
static const struct suite_scenario *worst_of(const struct suite *suite, const struct kind *kind)
{
    const struct suite_scenario *worst = NULL;
    for (size_t i = 0; i < suite->count; i++) {
        const struct suite_scenario *item = &suite->scenarios[i];
        if (!item->real.present || !kind->of(&item->real.run)->known) continue;
        bool worse = worst == NULL || kind->of(&item->real.run)->worst_ns >
                                          kind->of(&worst->real.run)->worst_ns;
        if (worse) worst = item;
    }
    return worst;
}

void stalls_write(const struct suite *suite, struct buf *out)
{
    bool any = false;
    for (size_t i = 0; i < suite->count; i++)
        any = any || suite->scenarios[i].real.present;
    if (!any) return;
    buf_puts(out, "held up by the machine at worst: ");
    for (size_t i = 0; i < KINDS; i++) {
        const struct suite_scenario *worst = worst_of(suite, &kinds[i]);
        buf_printf(out, "%s%s", i == 0 ? "" : ", ", kinds[i].who);
        if (worst == NULL) {
            buf_puts(out, ": not observed");
            continue;
        }
        buf_printf(out, " %.0f ms (%s)", milliseconds(kinds[i].of(&worst->real.run)->worst_ns),
                   worst->scenario.name);
    }
}
