#include "fault_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"

void faults_open(struct faults *out, const char *faults, const char *upstream)
{
    struct buf yaml;
    *out = (struct faults){ .note = { .err = ERR_OK } };
    buf_init(&yaml, BUF_UNBOUNDED);
    buf_printf(&yaml,
               "version: 1\nname: faulty\nseed: 42\nduration: 10s\n"
               "workload: [ { arrival: { constant: 1/s } } ]\n"
               "upstream:\n  %s\n  phases:\n    - name: all\n      from: 0s\n      to: 10s\n"
               "      faults: [ %s ]\nexpect:\n  - order: guide\n",
               upstream == NULL ? "latency: 40ms" : upstream, faults);
    if (scenario_parse(&out->arena, "a.yaml", buf_text(&yaml), yaml.length, &out->scenario,
                       &out->note) == ERR_OK) {
        out->state = plan_state_create(&out->scenario, out->scenario.seed);
    }
    buf_deinit(&yaml);
}

void faults_open_good(struct faults *out, const char *faults, const char *upstream)
{
    faults_open(out, faults, upstream);
    if (out->state == NULL) {
        fail_msg("%s: %d:%d: %s", faults, out->note.line, out->note.column, out->note.sentence);
    }
}

void faults_close(struct faults *faults)
{
    if (faults->state != NULL) plan_state_destroy(faults->state);
    arena_deinit(&faults->arena);
}

struct reply_plan faults_plan(struct faults *faults, uint64_t request, unsigned attempt,
                              uint64_t at_ms)
{
    struct plan_query query = {
        .request_key = request,
        .attempt = attempt,
        .offset_ns = at_ms * 1000000,
    };
    struct reply_plan plan;
    plan_make(faults->state, &query, &plan);
    return plan;
}

static void write_place(struct buf *out, const struct plan_step *step)
{
    if (step->to_is_bytes)
        buf_printf(out, " %lluB", (unsigned long long)step->to_bytes);
    else
        buf_printf(out, " %u%%", step->to_ppm / 10000);
}

const char *faults_steps(const struct reply_plan *plan, char out[512])
{
    static const char *const kinds[] = { "head part", "head",  "body",  "garbage", "end",
                                         "stray",     "reset", "close", "stall" };
    struct buf buf;
    buf_init(&buf, 512);
    for (size_t i = 0; i < plan->step_count; i++) {
        const struct plan_step *step = &plan->steps[i];
        buf_printf(&buf, "%s%llums %s", i == 0 ? "" : ", ",
                   (unsigned long long)(step->after_ns / 1000000), kinds[step->kind]);
        if (step->kind == PLAN_HEAD_PART || step->kind == PLAN_BODY) write_place(&buf, step);
        if (step->kind == PLAN_GARBAGE) {
            buf_printf(&buf, " %lluB", (unsigned long long)step->to_bytes);
        }
        if (step->piece_bytes == 0) continue;
        buf_printf(&buf, "/%lluB@%llums", (unsigned long long)step->piece_bytes,
                   (unsigned long long)(step->piece_ns / 1000000));
    }
    snprintf(out, 512, "%s", buf_text(&buf));
    buf_deinit(&buf);
    return out;
}
