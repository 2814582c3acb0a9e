#include "harness/parity.h"

#include <assert.h>

#include "base/mem.h"
#include "base/sort.h"
#include "harness/sim.h"

_Static_assert(SERVED_COUNT <= 8, "a bit per kind of answer");

static uint8_t fate_of(const struct run_answer *answer)
{
    return (uint8_t)(1u << (answer->answered ? answer->served : SERVED_NOBODY));
}

static void add_fates(uint8_t *fates, const struct run *run)
{
    for (size_t i = 0; i < run->schedule->count; i++) {
        fates[run->schedule->items[i].number] |= fate_of(&run->answers[i]);
    }
}

/* By the ledger: how much later than planned the mock played its replies. */
static uint64_t replies_late_p99_ns(const struct run *real)
{
    size_t count = real->delivery_count;
    if (count == 0) return 0;
    uint64_t *late = mem_alloc(count, sizeof *late);
    for (size_t i = 0; i < count; i++) late[i] = real->deliveries[i].late_ns;
    sort_u64(late, count);
    uint64_t p99_ns = late[(count * 99 + 99) / 100 - 1];
    mem_free(late);
    return p99_ns;
}

uint64_t parity_margin_ns(const struct run *real)
{
    uint64_t late_ns = u64_max(real->lag_p99_ns, replies_late_p99_ns(real));
    late_ns = u64_max(late_ns, u64_max(real->redis_late_ns, real->lookup_p99_ns));
    return u64_max(PARITY_MARGIN_NS, (late_ns + NS_PER_MS - 1) / NS_PER_MS * NS_PER_MS);
}

/* The given simulation is the first of PARITY_REPEATS, the one that is late by nothing. */
static enum err perturb(uint8_t *fates, const struct run *sim, struct parity *out,
                        struct err_note *note)
{
    struct sim_requests *requests = sim_requests_create(sim, note);
    if (requests == NULL) return ERR_INVALID;
    for (uint64_t repeat = 1; repeat < PARITY_REPEATS; repeat++) {
        struct run run;
        /* Late requests make cached answers older, late replies make them younger: both, and each
         * alone, because together they cancel out. */
        struct sim_options options = {
            .arrival_jitter_ns = repeat % 3 == 0 ? 0 : out->margin_ns,
            .reply_jitter_ns = repeat % 3 == 1 ? 0 : out->margin_ns,
            .jitter_seed = repeat,
        };
        run_init(&run, WORLD_SIM, sim->scenario, sim->plan, sim->config, sim->seed);
        sim_play(&run, requests, &options, NULL);
        add_fates(fates, &run);
        parity_intervals_add(&out->intervals, &run);
        run_deinit(&run);
    }
    sim_requests_destroy(requests);
    return ERR_OK;
}

static void compare(const uint8_t *fates, const struct run *real, struct parity *out)
{
    for (uint32_t i = 0; i < real->schedule->count; i++) {
        uint32_t number = real->schedule->items[i].number;
        uint8_t possible = fates[number];
        if (possible == 0) continue; /* a closed loop got further than in any simulation */
        bool agrees = (possible & fate_of(&real->answers[i])) != 0;
        bool decided = (possible & (possible - 1)) == 0;
        out->requests++;
        if (decided) {
            out->decided++;
            out->agree += agrees;
        } else {
            out->marginal++;
            out->marginal_agree += agrees;
        }
        if (!agrees && out->id_count < PARITY_IDS_MAX) out->ids[out->id_count++] = number;
    }
    uint64_t differing = out->requests - out->agree - out->marginal_agree;
    out->served_holds = differing * 1000 <= (uint64_t)out->requests * PARITY_DISAGREE_PERMILLE_MAX;
}

enum err parity_compare(const struct run *sim, const struct run *real, struct parity *out,
                        struct err_note *note)
{
    assert(sim->plan == real->plan);
    *out = (struct parity){ .margin_ns = parity_margin_ns(real) };
    uint8_t *fates = mem_alloc(sim->plan->count, sizeof *fates);
    add_fates(fates, sim);
    parity_intervals_begin(&out->intervals, sim);
    enum err rc = perturb(fates, sim, out, note);
    if (rc == ERR_OK) {
        compare(fates, real, out);
        parity_intervals_end(&out->intervals, real);
        out->holds = out->served_holds && out->intervals.hold;
    }
    mem_free(fates);
    return rc;
}
