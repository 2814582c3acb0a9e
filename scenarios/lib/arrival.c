#include "scenario/arrival.h"

#include <assert.h>
#include <string.h>

#include "base/fixed.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/text.h"
#include "scenario/arrival_open.h"

__extension__ typedef unsigned __int128 wide;

enum { SCHEDULE_FIRST_CAPACITY = 1024, ID_DIGITS = 6, ID_MILLION = 1000000 };

/* One workload's own sequence; the schedule is the merge of these. */
struct source {
    const struct workload *workload; /* borrowed */
    uint32_t number;                 /* of the workload */
    struct open_loop loop;
    uint64_t *cumulative; /* owned: Zipf weights added up, NULL when uniform */
};

/* The weight of rank k is k^-s = 2^(-s log2 k). */
static uint64_t *zipf_table(const struct workload *workload)
{
    uint32_t markets = workload_market_count(workload);
    uint64_t *cumulative = mem_alloc(markets, sizeof *cumulative);
    uint64_t total = 0;
    for (uint32_t i = 0; i < markets; i++) {
        wide power = (wide)fixed_log2((uint64_t)i + 1) * workload->zipf_permille / 1000;
        total += fixed_exp2_negative((uint64_t)power);
        cumulative[i] = total;
    }
    return cumulative;
}

static uint32_t draw_market(const struct source *source, uint64_t seed, uint64_t index)
{
    uint32_t markets = workload_market_count(source->workload);
    uint64_t uniform = draw(seed, rng_stream("key"), source->number, index);
    if (source->cumulative == NULL) return (uint32_t)draw_below(uniform, markets);
    uint64_t wanted = draw_below(uniform, source->cumulative[markets - 1]);
    uint32_t low = 0;
    uint32_t high = markets - 1;
    while (low < high) { /* the first rank whose sum is over `wanted` */
        uint32_t middle = low + (high - low) / 2;
        if (source->cumulative[middle] > wanted)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* A draw of its own, so that a mix changes neither markets nor moments; the shares add up in the
 * order of the entries, so that a new last one takes from the one before it alone. */
static uint32_t draw_shape(const struct source *source, uint64_t seed, uint64_t index)
{
    const struct workload *workload = source->workload;
    if (workload->shape_count <= 1) return 0;
    uint64_t uniform = draw(seed, rng_stream("mix"), source->number, index);
    uint64_t wanted = draw_below(uniform, 1000000);
    uint32_t shape = 0;
    uint64_t sum = workload->shapes[0].share_ppm;
    while (sum <= wanted && shape + 1 < workload->shape_count)
        sum += workload->shapes[++shape].share_ppm;
    return shape;
}

static uint32_t draw_manner(const struct source *source, uint64_t seed, uint64_t index)
{
    const struct client_faults *client = &source->workload->client;
    if (client->hang_up_ppm == 0 && client->slow_ppm == 0) return CLIENT_STEADY;
    uint64_t uniform = draw(seed, rng_stream("client"), source->number, index);
    uint64_t wanted = draw_below(uniform, 1000000);
    if (wanted < client->hang_up_ppm) return CLIENT_HANGS_UP;
    return wanted < (uint64_t)client->hang_up_ppm + client->slow_ppm ? CLIENT_SLOW : CLIENT_STEADY;
}

/* Fills in what request `index` of its workload is, `market` of it. */
static void describe(struct arrival *arrival, const struct source *source, uint64_t seed,
                     uint64_t index, uint32_t market)
{
    arrival->workload = source->number;
    arrival->key =
        draw_shape(source, seed, index) * workload_market_count(source->workload) + market;
    arrival->cycle = ARRIVAL_NO_CYCLE;
    arrival->manner = draw_manner(source, seed, index);
}

static struct arrival *add(struct schedule *schedule, size_t *capacity)
{
    assert(schedule->count < SCENARIO_ARRIVALS_MAX);
    if (schedule->count == *capacity) {
        *capacity = *capacity == 0 ? SCHEDULE_FIRST_CAPACITY : *capacity * 2;
        schedule->items = mem_resize(schedule->items, *capacity, sizeof *schedule->items);
    }
    struct arrival *arrival = &schedule->items[schedule->count];
    *arrival = (struct arrival){ .number = (uint32_t)schedule->count++ };
    return arrival;
}

/* The slots of one closed loop, client by client. Clients begin evenly spread over a think time. */
static void add_closed(struct schedule *schedule, size_t *capacity, const struct source *source,
                       uint64_t seed)
{
    const struct workload *workload = source->workload;
    uint64_t each = workload_paced_requests(workload) / workload->size;
    for (uint32_t client = 0; client < workload->size; client++) {
        uint64_t at_ns =
            workload->from_ns + (uint64_t)((wide)client * workload->think_ns / workload->size);
        for (uint64_t i = 0; i < each; i++, at_ns += workload->think_ns) {
            struct arrival *arrival = add(schedule, capacity);
            uint64_t index = client * each + i;
            arrival->at_ns = at_ns;
            describe(arrival, source, seed, index, draw_market(source, seed, index));
        }
    }
}

/* The slots of one cycle after another, most popular key first. */
static void add_cycles(struct schedule *schedule, size_t *capacity, const struct source *source,
                       uint64_t seed)
{
    const struct workload *workload = source->workload;
    uint64_t count = workload_paced_requests(workload);
    for (uint64_t index = 0; index < count; index++) {
        struct arrival *arrival = add(schedule, capacity);
        uint64_t cycle = index / workload->size;
        arrival->at_ns = workload->from_ns + cycle * workload->every_ns;
        describe(arrival, source, seed, index, (uint32_t)(index % workload->size));
        arrival->cycle = (uint32_t)cycle;
    }
}

static struct source *earliest(struct source *sources, size_t count)
{
    struct source *best = NULL;
    for (size_t i = 0; i < count; i++) {
        if (open_loop_over(&sources[i].loop)) continue;
        if (best == NULL || sources[i].loop.at_ns < best->loop.at_ns) best = &sources[i];
    }
    return best;
}

void schedule_create(const struct scenario *scenario, uint64_t seed, struct schedule *out)
{
    struct source sources[SCENARIO_WORKLOADS_MAX];
    size_t capacity = 0;
    assert(scenario->workload_count <= SCENARIO_WORKLOADS_MAX);
    *out = (struct schedule){ .items = NULL };
    for (uint32_t i = 0; i < scenario->workload_count; i++) {
        const struct workload *workload = &scenario->workloads[i];
        sources[i] = (struct source){
            .workload = workload,
            .number = i,
            .cumulative = workload->zipf_permille == 0 ? NULL : zipf_table(workload),
        };
        open_loop_init(&sources[i].loop, workload, i, seed);
    }
    for (;;) { /* ends: every turn moves one source on towards its end */
        struct source *source = earliest(sources, scenario->workload_count);
        if (source == NULL) break;
        struct arrival *arrival = add(out, &capacity);
        arrival->at_ns = source->loop.at_ns;
        uint64_t index = source->loop.index;
        describe(arrival, source, seed, index, draw_market(source, seed, index));
        open_loop_next(&source->loop);
    }
    out->open_count = out->count;
    for (size_t i = 0; i < scenario->workload_count; i++) {
        if (sources[i].workload->arrival == ARRIVAL_CLOSED)
            add_closed(out, &capacity, &sources[i], seed);
        if (sources[i].workload->arrival == ARRIVAL_CYCLE)
            add_cycles(out, &capacity, &sources[i], seed);
        mem_free(sources[i].cumulative);
    }
}

void schedule_destroy(struct schedule *schedule)
{
    if (schedule == NULL) return;
    mem_free(schedule->items);
    *schedule = (struct schedule){ .items = NULL };
}

const char *schedule_up_to(const struct scenario *scenario)
{
    for (size_t i = 0; i < scenario->workload_count; i++) {
        if (scenario->workloads[i].arrival == ARRIVAL_CLOSED) return "up to ";
    }
    return "";
}

const char *schedule_request_id(size_t number, char out[REQUEST_ID_MAX])
{
    out[0] = 'r';
    if (number >= ID_MILLION) {
        text_put_u64(out, REQUEST_ID_MAX, 1, number);
        return out;
    }
    for (size_t i = ID_DIGITS; i > 0; i--, number /= 10) out[i] = (char)('0' + number % 10);
    out[ID_DIGITS + 1] = '\0';
    return out;
}

uint64_t schedule_request_key(size_t number)
{
    char id[REQUEST_ID_MAX];
    schedule_request_id(number, id);
    return number >= ID_MILLION ? hash_text(id) : hash_bytes(id, ID_DIGITS + 1);
}

uint64_t schedule_upload_ns(const struct scenario *scenario, const struct arrival *arrival)
{
    if (arrival->manner != CLIENT_SLOW) return 0;
    return scenario->workloads[arrival->workload].client.over_ns;
}
