#include "harness/sweep_space.h"

#include <assert.h>
#include <string.h>

#include "base/fixed.h"
#include "base/mem.h"
#include "base/option_value.h"
#include "base/rng.h"
#include "base/suggest.h"

__extension__ typedef unsigned __int128 wide;

enum {
    /* How many hypercubes are drawn for one sample before it is taken to be all there is. */
    SAMPLE_BATCHES_MAX = 200,
    PERMILLE = 1000,
};

/* Finer differences than this are nothing that a person would write into a file. */
static const uint64_t three_digits = 1000;

const struct option *sweep_row(const char *key, const char **near)
{
    size_t count;
    const struct option *rows = config_rows(&count);
    const char *keys[OPTIONS_MAX];
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].key, key) == 0) return &rows[i];
        keys[i] = rows[i].key;
    }
    *near = suggest(key, keys, count);
    return NULL;
}

static void *field_of(const struct option *row, struct runtime_config *config)
{
    return (char *)config + row->offset;
}

uint64_t sweep_value_get(const struct option *row, const struct runtime_config *config)
{
    const void *field = (const char *)config + row->offset;
    switch (row->kind) {
    case OPTION_SECONDS:
    case OPTION_MILLIS:
    case OPTION_U64: return *(const uint64_t *)field;
    case OPTION_U32:
    case OPTION_PERMILLE: return *(const uint32_t *)field;
    case OPTION_BOOL: return *(const bool *)field ? 1 : 0;
    case OPTION_CHOICE: return (uint64_t) * (const int *)field;
    case OPTION_TEXT: break;
    }
    assert(false && "a text is no number");
    return 0;
}

void sweep_value_set(const struct option *row, struct runtime_config *config, uint64_t value)
{
    void *field = field_of(row, config);
    switch (row->kind) {
    case OPTION_SECONDS:
    case OPTION_MILLIS:
    case OPTION_U64: *(uint64_t *)field = value; return;
    case OPTION_U32:
    case OPTION_PERMILLE: *(uint32_t *)field = (uint32_t)value; return;
    case OPTION_BOOL: *(bool *)field = value != 0; return;
    case OPTION_CHOICE: *(int *)field = (int)value; return;
    case OPTION_TEXT: break;
    }
    assert(false && "a text is no number");
}

void sweep_value_format(const struct option *row, uint64_t value, struct buf *out)
{
    struct runtime_config *scratch = mem_resize(NULL, 1, sizeof *scratch); /* one field is read */
    sweep_value_set(row, scratch, value);
    option_format(row, scratch, out);
    mem_free(scratch);
}

void sweep_value_assign(const struct option *row, uint64_t value, struct buf *out)
{
    buf_puts(out, row->key);
    buf_putc(out, '=');
    sweep_value_format(row, value, out);
}

void sweep_point_current(const struct sweep_space *space, struct sweep_point *out)
{
    *out = (struct sweep_point){ .values = { 0 } };
    for (size_t i = 0; i < space->count; i++) out->values[i] = space->parameters[i].current;
}

uint64_t sweep_point_key(const struct sweep_space *space, const struct sweep_point *point)
{
    return hash_bytes(point->values, space->count * sizeof point->values[0]);
}

static double option_amount(const struct sweep_space *space, const struct sweep_point *point,
                            const struct option *row)
{
    uint64_t value = sweep_value_get(row, space->base);
    for (size_t i = 0; i < space->count; i++) {
        if (space->parameters[i].row == row) value = point->values[i];
    }
    return row->kind == OPTION_PERMILLE ? (double)value / PERMILLE : (double)value;
}

const struct sweep_constraint *sweep_point_broken(const struct sweep_space *space,
                                                  const struct sweep_point *point)
{
    for (size_t i = 0; i < space->constraint_count; i++) {
        const struct sweep_constraint *constraint = &space->constraints[i];
        double sum = 0;
        for (size_t j = 0; j < constraint->term_count; j++) {
            const struct sweep_term *term = &constraint->terms[j];
            sum += term->row == NULL ? term->factor
                                     : term->factor * option_amount(space, point, term->row);
        }
        switch (constraint->relation) {
        case SWEEP_AT_MOST:
            if (sum > 0) return constraint;
            break;
        case SWEEP_UNDER:
            if (sum >= 0) return constraint;
            break;
        }
    }
    return NULL;
}

static uint64_t rounded(uint64_t value)
{
    uint64_t unit = 1;
    while (value / unit >= three_digits) unit *= 10;
    return (value + unit / 2) / unit * unit;
}

static uint64_t clamped(uint64_t value, uint64_t min, uint64_t max)
{
    return value < min ? min : value > max ? max : value;
}

/* from * (to / from)^share */
static uint64_t log_value(uint64_t from, uint64_t to, uint64_t share)
{
    uint64_t span = fixed_log2(to) - fixed_log2(from);
    uint64_t below_top = span - (uint64_t)(((wide)span * share) >> 32);
    return (uint64_t)(((wide)to * fixed_exp2_negative(below_top)) >> 32);
}

uint64_t sweep_value_at(const struct sweep_parameter *parameter, uint64_t share)
{
    assert(share < FIXED_ONE);
    uint64_t from = parameter->from;
    uint64_t to = parameter->to;
    uint64_t value = 0;
    switch (parameter->scale) {
    case SWEEP_LIST: return parameter->items[(share * parameter->item_count) >> 32];
    case SWEEP_LOG: value = log_value(from, to, share); break;
    case SWEEP_LINEAR:
        /* Each whole number of a small range gets an equal share. */
        if (to - from < three_digits) return from + ((share * (to - from + 1)) >> 32);
        value = from + (uint64_t)(((wide)(to - from) * share) >> 32);
        break;
    }
    return clamped(rounded(value), from, to);
}

static void hypercube(const struct sweep_space *space, uint64_t seed, uint64_t batch,
                      struct sweep_point *out, size_t count)
{
    uint64_t *strata = mem_alloc(count, sizeof *strata);
    for (size_t j = 0; j < space->count; j++) {
        const struct sweep_parameter *parameter = &space->parameters[j];
        struct rng rng;
        rng_init(&rng, draw(seed, rng_stream("sweep"), batch, 0), parameter->row->key);
        for (size_t i = 0; i < count; i++) strata[i] = i;
        for (size_t i = count; i > 1; i--) {
            size_t other = (size_t)rng_below(&rng, i);
            uint64_t kept = strata[i - 1];
            strata[i - 1] = strata[other];
            strata[other] = kept;
        }
        for (size_t i = 0; i < count; i++) {
            uint64_t within = rng_below(&rng, FIXED_ONE);
            uint64_t share = ((strata[i] << 32) | within) / count;
            out[i].values[j] = sweep_value_at(parameter, share);
        }
    }
    mem_free(strata);
}

static bool is_among(const struct sweep_space *space, const struct sweep_point *point,
                     const uint64_t *keys, size_t count)
{
    uint64_t key = sweep_point_key(space, point);
    for (size_t i = 0; i < count; i++) {
        if (keys[i] == key) return true;
    }
    return false;
}

size_t sweep_sample(const struct sweep_space *space, uint64_t seed, struct sweep_point *out,
                    size_t count)
{
    struct sweep_point *batch = mem_alloc(count, sizeof *batch);
    uint64_t *keys = mem_alloc(count, sizeof *keys);
    size_t found = 0;
    for (uint64_t i = 0; i < SAMPLE_BATCHES_MAX && found < count; i++) {
        hypercube(space, seed, i, batch, count);
        for (size_t j = 0; j < count && found < count; j++) {
            if (sweep_point_broken(space, &batch[j]) != NULL) continue;
            if (is_among(space, &batch[j], keys, found)) continue;
            keys[found] = sweep_point_key(space, &batch[j]);
            out[found++] = batch[j];
        }
    }
    mem_free(keys);
    mem_free(batch);
    return found;
}

static uint64_t list_near(const struct sweep_parameter *parameter, uint64_t value, int permille)
{
    if (permille != 250 && permille != -250) return value;
    for (size_t i = 0; i < parameter->item_count; i++) {
        if (parameter->items[i] != value) continue;
        if (permille > 0) return parameter->items[i + 1 < parameter->item_count ? i + 1 : i];
        return parameter->items[i > 0 ? i - 1 : 0];
    }
    return value; /* the current one need not be in the list */
}

uint64_t sweep_value_near(const struct sweep_parameter *parameter, uint64_t value, int permille)
{
    const struct option *row = parameter->row;
    if (parameter->scale == SWEEP_LIST) return list_near(parameter, value, permille);
    uint64_t size = (uint64_t)(permille < 0 ? -permille : permille);
    uint64_t step = (uint64_t)(((wide)value * size + PERMILLE / 2) / PERMILLE);
    if (step == 0 && size == 250) step = 1;
    uint64_t moved = permille < 0 ? (step > value ? 0 : value - step) : value + step;
    return clamped(moved, row->min, row->max);
}

uint64_t sweep_value_scaled(const struct sweep_parameter *parameter, uint64_t own, uint64_t value)
{
    assert(parameter->current > 0);
    if (value == parameter->current) return own; /* the scenario as it is written */
    wide scaled = ((wide)own * value + parameter->current / 2) / parameter->current;
    if (scaled == 0 && own > 0 && value > 0) scaled = 1;
    uint64_t most = parameter->row->max;
    uint64_t result = scaled > most ? most : rounded((uint64_t)scaled);
    return clamped(result, parameter->row->min, most);
}
