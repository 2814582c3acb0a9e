#include "scenario/realised_delay.h"

#include <assert.h>

#include "base/instant.h"
#include "base/mem.h"
#include "scenario/realised.h"

enum { PPM_ALL = 1000000 };

static const uint32_t QUANTILES_PPM[REALISED_QUANTILES] = { 500000, 900000, 990000 };
static const double WRONG_TAIL = 1e-6;
static const double INTERVAL_TAIL = 0.025;

/* One delay of the scenario. */
struct row {
    const struct phase *phase; /* NULL: the latency */
    const struct fault *fault;
    const struct latency *asked;
    uint64_t asked_ns[REALISED_QUANTILES];
    uint64_t below[REALISED_QUANTILES];
    uint64_t up_to[REALISED_QUANTILES];
    struct delay_sketch realised;
    struct delay_sketch late;
};

struct realised_delays {
    struct row *rows; /* owned */
    size_t count;
};

static bool delays_the_head(const struct fault *fault)
{
    return fault->effect == FAULT_DELAY && fault->at == FAULT_AT_RESPONSE_HEAD &&
           fault->at_ppm == 0 && fault->at_bytes == 0;
}

/* The value that so much of the distribution does not exceed. */
static uint64_t asked_quantile(const struct latency *latency, uint32_t ppm)
{
    __extension__ typedef unsigned __int128 wide;
    if (ppm == PPM_ALL) return latency_draw_ns(latency, UINT64_MAX);
    return latency_draw_ns(latency, (uint64_t)(((wide)ppm << 64) / PPM_ALL));
}

static void row_init(struct row *row, const struct phase *phase, const struct fault *fault,
                     const struct latency *asked)
{
    row->phase = phase;
    row->fault = fault;
    row->asked = asked;
    for (size_t q = 0; q < REALISED_QUANTILES; q++)
        row->asked_ns[q] = asked_quantile(asked, QUANTILES_PPM[q]);
}

struct realised_delays *realised_delays_create(const struct scenario *scenario)
{
    struct realised_delays *delays = mem_alloc(1, sizeof *delays);
    size_t count = 1;
    for (size_t p = 0; p < scenario->phase_count; p++) {
        for (size_t f = 0; f < scenario->phases[p].fault_count; f++)
            count += scenario->phases[p].faults[f].effect == FAULT_DELAY;
    }
    *delays = (struct realised_delays){ .rows = mem_alloc(count, sizeof(struct row)) };
    row_init(&delays->rows[delays->count++], NULL, NULL, &scenario->latency);
    for (size_t p = 0; p < scenario->phase_count; p++) {
        const struct phase *phase = &scenario->phases[p];
        for (size_t f = 0; f < phase->fault_count; f++) {
            const struct fault *fault = &phase->faults[f];
            if (fault->effect != FAULT_DELAY) continue;
            row_init(&delays->rows[delays->count++], phase, fault, &fault->delay);
        }
    }
    return delays;
}

void realised_delays_destroy(struct realised_delays *delays)
{
    if (delays == NULL) return;
    mem_free(delays->rows);
    mem_free(delays);
}

void realised_delays_reset(struct realised_delays *delays)
{
    for (size_t i = 0; i < delays->count; i++) {
        struct row *row = &delays->rows[i];
        row->realised = row->late = (struct delay_sketch){ .count = 0 };
        for (size_t q = 0; q < REALISED_QUANTILES; q++) row->below[q] = row->up_to[q] = 0;
    }
}

static void row_add(struct row *row, uint64_t drawn_ns, uint64_t late_ns)
{
    for (size_t q = 0; q < REALISED_QUANTILES; q++) {
        row->below[q] += drawn_ns < row->asked_ns[q];
        row->up_to[q] += drawn_ns <= row->asked_ns[q];
    }
    delay_sketch_add(&row->realised, drawn_ns + late_ns);
    delay_sketch_add(&row->late, late_ns);
}

static struct row *row_of(struct realised_delays *delays, const struct fault *fault)
{
    for (size_t i = 1; i < delays->count; i++) {
        if (delays->rows[i].fault == fault) return &delays->rows[i];
    }
    return NULL;
}

/* The one fault that delays, of those that fired; NULL: none, or several. */
static const struct fault *only_delay(const struct reply_plan *plan)
{
    const struct fault *only = NULL;
    for (uint32_t left = plan->fired & ~PLAN_FIRED_FULL; left != 0; left &= left - 1) {
        const struct fault *fault = &plan->phase->faults[__builtin_ctz(left)];
        bool waits = fault->effect == FAULT_DELAY || fault->effect == FAULT_SLOW_CLOSE;
        if (!waits) continue;
        if (only != NULL) return NULL;
        only = fault;
    }
    return only != NULL && only->effect == FAULT_DELAY ? only : NULL;
}

/* A pause inside the answer; one that a cut took away was not realised. */
static void add_pause(struct row *row, const struct realised_wait *wait)
{
    const struct reply_plan *plan = wait->plan;
    for (unsigned i = 1; wait->begun && wait->pauses_known && i < plan->step_count; i++) {
        if (plan->steps[i].after_ns == 0) continue;
        row_add(row, plan->steps[i].after_ns, wait->pause_late_ns);
        return;
    }
}

void realised_delays_add(struct realised_delays *delays, const struct realised_wait *wait)
{
    const struct reply_plan *plan = wait->plan;
    uint64_t late_ns = wait->begun ? wait->late_ns : 0;
    uint64_t first_ns = instant_until(plan->steps[0].after_ns, plan->wait_ns + wait->above_ns);
    /* Refused at once, by a full queue or an empty bucket: no answer was made. */
    if (first_ns < plan->latency_ns || (plan->fired & PLAN_FIRED_FULL) != 0) return;
    row_add(&delays->rows[0], plan->latency_ns, late_ns);
    const struct fault *fault = plan->fired == 0 ? NULL : only_delay(plan);
    struct row *row = fault == NULL ? NULL : row_of(delays, fault);
    if (row == NULL) return;
    if (delays_the_head(fault))
        row_add(row, first_ns - plan->latency_ns, late_ns);
    else
        add_pause(row, wait);
}

size_t realised_delays_count(const struct realised_delays *delays)
{
    return delays->count;
}

/* Between which ranks the quantile lies, whatever the distribution. */
static void find_interval(struct realised_quantile *quantile, const struct delay_sketch *sketch)
{
    uint64_t n = sketch->count;
    struct realised_bounds bounds =
        realised_bounds(n, (double)quantile->ppm / PPM_ALL, INTERVAL_TAIL);
    quantile->realised_ns = delay_sketch_quantile(sketch, quantile->ppm);
    quantile->low_ns = bounds.least == 0 ? 0 : delay_sketch_at(sketch, bounds.least);
    quantile->high_ns = bounds.most >= n ? UINT64_MAX : delay_sketch_at(sketch, bounds.most + 1);
}

struct realised_delay realised_delay_of(const struct realised_delays *delays, size_t index)
{
    assert(index < delays->count);
    const struct row *row = &delays->rows[index];
    struct realised_delay out = {
        .phase = row->phase,
        .fault = row->fault,
        .text = row->asked->text != NULL ? row->asked->text : "0s",
        .judged = row->fault == NULL || !row->fault->ramp_delay,
        .count = row->realised.count,
        .asked_max_ns = asked_quantile(row->asked, PPM_ALL),
        .realised_max_ns = row->realised.most_ns,
        .late_p50_ns = delay_sketch_quantile(&row->late, QUANTILES_PPM[0]),
        .late_p99_ns = delay_sketch_quantile(&row->late, QUANTILES_PPM[2]),
        .late_max_ns = row->late.most_ns,
    };
    for (size_t q = 0; q < REALISED_QUANTILES; q++) {
        struct realised_quantile *quantile = &out.quantiles[q];
        struct realised_bounds bounds =
            realised_bounds(out.count, (double)QUANTILES_PPM[q] / PPM_ALL, WRONG_TAIL);
        *quantile = (struct realised_quantile){
            .ppm = QUANTILES_PPM[q],
            .asked_ns = row->asked_ns[q],
            .below = row->below[q],
            .up_to = row->up_to[q],
            .least = bounds.least,
            .most = bounds.most,
        };
        find_interval(quantile, &row->realised);
    }
    return out;
}

bool realised_delay_as_asked(const struct realised_delay *delay, size_t *quantile)
{
    for (size_t q = 0; delay->judged && q < REALISED_QUANTILES; q++) {
        const struct realised_quantile *at = &delay->quantiles[q];
        if (at->up_to >= at->least && at->below <= at->most) continue;
        if (quantile != NULL) *quantile = q;
        return false;
    }
    return true;
}
