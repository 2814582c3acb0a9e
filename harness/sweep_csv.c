#include "base/json.h"
#include "harness/sweep_report.h"

#include <stdio.h>

static void put_head(struct buf *out, const struct sweep *sweep)
{
    const struct sweep_space *space = &sweep->spec->space;
    buf_puts(out, "kind,rank,id,rounds,front,feasible,blocks,infeasible,impossible");
    for (size_t i = 0; i < SWEEP_OBJECTIVES; i++) {
        buf_printf(out, ",%s", sweep_objective_names[i]);
    }
    buf_puts(out, ",loss,neighbours,neighbours_feasible,worst_scenario,worst_check");
    for (size_t i = 0; i < space->count; i++) buf_printf(out, ",%s", space->parameters[i].row->key);
    buf_putc(out, '\n');
}

/* As RFC 4180 wants it. */
static void put_text(struct buf *out, const char *text)
{
    buf_putc(out, '"');
    for (; *text != '\0'; text++) {
        if (*text == '"') buf_putc(out, '"');
        buf_putc(out, *text == '\n' ? ' ' : *text);
    }
    buf_putc(out, '"');
}

static void put_score(struct buf *out, const struct sweep_score *score)
{
    buf_printf(out, ",%s,%zu,%zu,%zu", sweep_score_feasible(score) ? "yes" : "no", score->blocks,
               score->infeasible, score->impossible);
    bool simulated = score->blocks > score->impossible;
    for (size_t i = 0; i < SWEEP_OBJECTIVES; i++) {
        buf_putc(out, ',');
        if (simulated) buf_printf(out, "%.6f", score->value[i]);
    }
    buf_putc(out, ',');
    if (simulated) buf_printf(out, "%.4f", score->loss);
}

static void put_rest(struct buf *out, const struct sweep *sweep, const struct sweep_score *score,
                     const struct sweep_point *point)
{
    const struct sweep_space *space = &sweep->spec->space;
    bool fails = score->infeasible > 0;
    buf_putc(out, ',');
    put_text(out, fails ? sweep_block_name(sweep->world, score->worst_block) : "");
    buf_putc(out, ',');
    put_text(out, fails ? score->worst_check : "");
    for (size_t i = 0; i < space->count; i++) {
        buf_putc(out, ',');
        sweep_value_format(space->parameters[i].row, point->values[i], out);
    }
    buf_putc(out, '\n');
}

static void put_finalist(struct buf *out, const struct sweep *sweep, const char *kind, size_t rank,
                         const struct sweep_finalist *finalist)
{
    buf_printf(out, "%s,%zu,%u,,", kind, rank, finalist->id);
    put_score(out, &finalist->fresh);
    if (finalist->neighbours_known) {
        buf_printf(out, ",%zu,%zu", finalist->neighbour_count, finalist->neighbours_feasible);
    } else {
        buf_puts(out, ",,");
    }
    put_rest(out, sweep, &finalist->fresh, &finalist->point);
}

void sweep_report_csv(struct buf *out, const struct sweep *sweep)
{
    put_head(out, sweep);
    for (size_t i = 0; i < sweep->finalist_count; i++) {
        const struct sweep_finalist *finalist = &sweep->finalists[i];
        put_finalist(out, sweep, finalist->is_shifted ? "shifted" : "finalist", i + 1, finalist);
    }
    if (sweep->finalist_count > 0) put_finalist(out, sweep, "current", 0, &sweep->current);
    for (size_t i = 0; i < sweep->count; i++) {
        const struct sweep_candidate *candidate = &sweep->candidates[i];
        buf_printf(out, "sample,,%u,%u,%u", candidate->id, candidate->rounds, candidate->front);
        put_score(out, &candidate->score);
        buf_puts(out, ",,");
        put_rest(out, sweep, &candidate->score, &candidate->point);
    }
}

/* ---- JSON lines ---- */

static void put_values(struct json *json, const struct sweep *sweep,
                       const struct sweep_point *point)
{
    const struct sweep_space *space = &sweep->spec->space;
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    json_key(json, "settings");
    json_open(json, '{');
    for (size_t i = 0; i < space->count; i++) {
        const struct option *row = space->parameters[i].row;
        buf_clear(&text);
        sweep_value_format(row, point->values[i], &text);
        json_key(json, row->key);
        if (row->kind == OPTION_CHOICE) json_string(json, buf_text(&text));
        else json_raw(json, buf_text(&text), text.length);
    }
    json_close(json, '}');
    buf_deinit(&text);
}

static void put_measures(struct json *json, const struct sweep *sweep, uint64_t key,
                         const uint32_t *blocks, size_t count)
{
    json_key(json, "measures");
    json_open(json, '[');
    for (size_t i = 0; i < count; i++) {
        const struct sweep_measure *measure = sweep_store_get(sweep->store, key, blocks[i]);
        if (measure == NULL) continue;
        json_open(json, '{');
        json_key(json, "scenario");
        json_string(json, sweep_block_name(sweep->world, blocks[i]));
        json_key(json, "seed");
        json_u64(json, sweep->world->blocks[blocks[i]].seed);
        json_key(json, "state");
        json_string(json, sweep_state_name(measure->state));
        if (measure->failed > 0) {
            json_key(json, "check");
            json_string(json, measure->check);
        }
        if (measure->state != SWEEP_IMPOSSIBLE) {
            json_key(json, "fresh_ppm");
            json_u64(json, measure->fresh_ppm);
            json_key(json, "slow_ppm");
            json_u64(json, measure->slow_ppm);
            json_key(json, "calls_ppm");
            json_u64(json, measure->calls_ppm);
        }
        if (measure->has_recovery) {
            json_key(json, "recovery_ns");
            json_u64(json, measure->recovery_ns);
        }
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void put_line(struct buf *out, const struct sweep *sweep, const char *kind, uint32_t id,
                     const struct sweep_point *point)
{
    bool sample = kind[0] == 's';
    struct json json;
    json_init(&json, out);
    json_open(&json, '{');
    json_key(&json, "kind");
    json_string(&json, kind);
    json_key(&json, "id");
    json_u64(&json, id);
    put_values(&json, sweep, point);
    put_measures(&json, sweep, sweep_point_key(&sweep->spec->space, point),
                 sample ? sweep->search_blocks : sweep->fresh_blocks,
                 sample ? sweep_search_blocks(sweep, SIZE_MAX)
                        : sweep->fresh_scenarios * sweep->spec->fresh.count);
    json_close(&json, '}');
    buf_putc(out, '\n');
}

void sweep_report_jsonl(struct buf *out, const struct sweep *sweep)
{
    for (size_t i = 0; i < sweep->finalist_count; i++) {
        put_line(out, sweep, "finalist", sweep->finalists[i].id, &sweep->finalists[i].point);
    }
    if (sweep->finalist_count > 0) put_line(out, sweep, "current", 0, &sweep->current.point);
    for (size_t i = 0; i < sweep->count; i++) {
        put_line(out, sweep, "sample", sweep->candidates[i].id, &sweep->candidates[i].point);
    }
}
