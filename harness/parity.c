#include "harness/parity.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/sort.h"
#include "harness/sim.h"

_Static_assert(SERVED_COUNT <= 8, "a bit per kind of answer");

/* What all simulations together allow. */
struct courses {
    uint8_t *fates; /* owned: by number */
    struct parity_interval transitions;
};

static uint8_t fate_of(const struct run_answer *answer)
{
    return (uint8_t)(1u << (answer->answered ? answer->served : SERVED_NOBODY));
}

static void add_course(struct courses *courses, const struct run *run)
{
    for (size_t i = 0; i < run->schedule->count; i++) {
        courses->fates[run->schedule->items[i].number] |= fate_of(&run->answers[i]);
    }
    struct parity_interval *transitions = &courses->transitions;
    transitions->low = u64_min(transitions->low, run->transition_count);
    transitions->high = u64_max(transitions->high, run->transition_count);
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

uint64_t parity_stall_ns(const struct run *real)
{
    uint64_t worst_ns = parity_margin_ns(real);
    for (size_t i = 0; i < real->schedule->count; i++) {
        const struct run_answer *answer = &real->answers[i];
        if (!answer->answered) continue;
        worst_ns = u64_max(worst_ns, instant_until(answer->sent_ns, answer->intended_ns));
    }
    for (size_t i = 0; i < real->delivery_count; i++) {
        worst_ns = u64_max(worst_ns, real->deliveries[i].late_ns);
    }
    const struct run_stall *const stalls[] = { &real->generator_stall, &real->mock_stall,
                                               &real->service_stall };
    for (size_t i = 0; i < sizeof stalls / sizeof stalls[0]; i++) {
        if (stalls[i]->known) worst_ns = u64_max(worst_ns, stalls[i]->worst_ns);
    }
    return u64_min(worst_ns, PARITY_STALL_MAX_NS);
}

/* Simulates from one seed to below another. */
static enum err perturb(struct courses *courses, const struct run *sim, uint64_t seed, uint64_t end,
                        struct parity *out, struct err_note *note)
{
    struct sim_requests *requests = sim_requests_create(sim, note);
    if (requests == NULL) return ERR_INVALID;
    for (; seed < end; seed++) {
        struct run run;
        /* Late requests make cached answers older, late replies make them younger: both, and each
         * alone, because together they cancel out. */
        struct sim_options options = {
            .arrival_jitter_ns = seed % 3 == 0 ? 0 : out->margin_ns,
            .reply_jitter_ns = seed % 3 == 1 ? 0 : out->margin_ns,
            .stall_ns = out->stall_ns,
            .jitter_seed = seed,
        };
        run_init(&run, WORLD_SIM, sim->scenario, sim->plan, sim->config, sim->seed);
        sim_play(&run, requests, &options, NULL);
        add_course(courses, &run);
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
}

static uint32_t differing(const struct parity *parity)
{
    return parity->requests - parity->agree - parity->marginal_agree;
}

static bool at_most(const struct parity *parity, uint64_t permille)
{
    return (uint64_t)differing(parity) * 1000 <= parity->requests * permille;
}

static bool is_chaotic(const struct courses *courses, const struct parity *parity)
{
    return parity->stall_ns > 0 && courses->transitions.low < courses->transitions.high &&
           (uint64_t)parity->marginal * 100 > (uint64_t)parity->requests * PARITY_CHAOTIC_PERCENT;
}

static void judge(const struct courses *courses, const struct run *real, struct parity *out)
{
    compare(courses->fates, real, out);
    out->served_holds = at_most(out, PARITY_DISAGREE_PERMILLE_MAX);
    out->chaotic = is_chaotic(courses, out);
    if (out->chaotic) {
        struct parity_interval *transitions = &out->transitions;
        *transitions = courses->transitions;
        transitions->real = real->transition_count;
        transitions->low -= u64_min(transitions->low, PARITY_TRANSITIONS_SLACK);
        transitions->high += PARITY_TRANSITIONS_SLACK;
        out->served_holds = at_most(out, PARITY_CHAOTIC_PERMILLE_MAX) &&
                            parity_interval_holds(transitions);
    }
    parity_intervals_end(&out->intervals, real);
    out->holds = out->served_holds && out->intervals.hold;
}

/* Once more, with stalls: counts when the run turns out to be chaotic. */
static enum err look_for_chaos(struct courses *courses, const struct run *sim,
                               const struct run *real, const struct parity_intervals *intervals,
                               struct parity *out, struct err_note *note)
{
    struct parity again = {
        .margin_ns = out->margin_ns,
        .stall_ns = parity_stall_ns(real),
        .intervals = *intervals,
    };
    enum err rc = perturb(courses, sim, PARITY_REPEATS, 2 * PARITY_REPEATS, &again, note);
    if (rc != ERR_OK) return rc;
    judge(courses, real, &again);
    if (again.chaotic) *out = again;
    return ERR_OK;
}

enum err parity_compare(const struct run *sim, const struct run *real, struct parity *out,
                        struct err_note *note)
{
    assert(sim->plan == real->plan);
    *out = (struct parity){ .margin_ns = parity_margin_ns(real) };
    struct courses courses = {
        .fates = mem_alloc(sim->plan->count, sizeof *courses.fates),
        .transitions = { .sim = sim->transition_count, .low = sim->transition_count },
    };
    add_course(&courses, sim);
    parity_intervals_begin(&out->intervals, sim);
    /* The given simulation is the first of PARITY_REPEATS, the one that is late by nothing. */
    enum err rc = perturb(&courses, sim, 1, PARITY_REPEATS, out, note);
    const struct parity_intervals intervals = out->intervals;
    if (rc == ERR_OK) judge(&courses, real, out);
    if (rc == ERR_OK && !out->holds) {
        rc = look_for_chaos(&courses, sim, real, &intervals, out, note);
    }
    mem_free(courses.fates);
    return rc;
}

void parity_served_write(const struct parity *parity, struct buf *out)
{
    if (parity->chaotic) {
        const struct parity_interval *transitions = &parity->transitions;
        uint32_t other = differing(parity);
        double share = parity->requests == 0 ? 0.0 : 100.0 * other / parity->requests;
        buf_printf(out,
                   "chaotic: the breaker's course and %" PRIu32 " of %" PRIu32
                   " requests depend on shifts under %" PRIu64 " ms; %" PRIu32
                   " (%.2f %%) served as in no simulation, %" PRIu64 " transitions (%" PRIu64
                   " to %" PRIu64 " allowed)",
                   parity->marginal, parity->requests,
                   (parity->stall_ns + NS_PER_MS - 1) / NS_PER_MS, other, share,
                   transitions->real, transitions->low, transitions->high);
        return;
    }
    double share = parity->decided == 0 ? 100.0 : 100.0 * parity->agree / parity->decided;
    buf_printf(out,
               "%" PRIu32 " of %" PRIu32 " decided requests (%.2f %%), %" PRIu32
               " within the %" PRIu64 " ms margin",
               parity->agree, parity->decided, share, parity->marginal,
               parity->margin_ns / NS_PER_MS);
}

struct check parity_served_check(const struct parity *parity)
{
    static_assert((int)PARITY_IDS_MAX <= (int)CHECK_IDS_MAX, "all ids fit");
    struct check check = { .name = "parity.served",
                           .status = parity->served_holds ? CHECK_PASS : CHECK_FAIL,
                           .id_count = parity->id_count };
    for (uint32_t i = 0; i < parity->id_count; i++)
        check.ids[i] = parity->ids[i];
    if (parity->chaotic) {
        struct buf figures;
        buf_init(&figures, BUF_UNBOUNDED);
        parity_served_write(parity, &figures);
        snprintf(check.sentence, sizeof check.sentence, "%s", buf_text(&figures));
        buf_deinit(&figures);
        return check;
    }
    snprintf(check.sentence, sizeof check.sentence,
             "simulation and sockets agree on %" PRIu32 " of %" PRIu32 " decided requests; %" PRIu32
             " hang on less than %" PRIu64 " ms",
             parity->agree, parity->decided, parity->marginal, parity->margin_ns / NS_PER_MS);
    return check;
}
