/* Each row of the fault table, played by the mock on real sockets against the real runtime, and by
 * the simulator: in both, its attempts are what the row says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "scenario/fault_table.h"
#include "scratch.h"
#include "worlds_fixture.h"

enum {
    GROUPS = 3,    /* side by side */
    SLOT_MS = 400, /* a row's phase and the pause behind it */
    PHASE_MS = 300,
    SETTLED_MS = 60, /* of a phase: its listener and its connections are as they should be */
    LATEST_MS = 200,
    TRIES = 2,
};

static const char head[] =
    "version: 1\nname: faults\nseed: 11\nduration: %us\n"
    "runtime:\n  env: prod\n  set:\n    cache_entries_max: 0\n    retry_count: 0\n"
    "    breaker_min_volume: 1000000\n    breaker_failure_ratio: 0\n    connect_timeout_s: 0.2\n"
    "    read_timeout_s: 0.4\n    write_timeout_s: 0.2\n    retry_after_hold_cap_s: 0\n"
    "    negative_cache_entries_max: 0\n    warmup_enabled: false\n"
    "workload:\n  - arrival: { constant: 20/s }\n    keys: { count: 1000 }\n"
    "    request: { y_len: 64, horizon_steps: 12, liquidity_bucket: high }\n"
    "upstream:\n  latency: 5ms\n  phases:\n";

/* What is played in one phase. */
struct played {
    const char *yaml;
    const char *outcome;
    const struct fault_row *row; /* NULL: not of the table */
};

/* Together, and at the limits of the runtime's client. */
static const struct played more[] = {
    { "{ interim: 8 }", "ok", NULL },
    { "{ interim: 9 }", "protocol_error", NULL },
    { "{ huge_head: 90KiB }", "ok", NULL },
    { "{ huge_head: 100KiB }", "protocol_error", NULL },
    { "{ huge_body: 1MiB }", "ok", NULL },
    { "{ huge_body: 9MiB }, { at: response_end, do: delay, for: 1ms }", "response_too_large",
      NULL },
    { "{ at: response_body@50%, do: garbage }, { at: response_end, do: delay, for: 9ms }",
      "protocol_error", NULL },
    { "{ at: response_end, do: slow_close, for: 9ms }, { at: response_body@40%, do: close }",
      "bad_schema", NULL },
    { "{ status: 500 }, { malformed: length_short }", "http_5xx", NULL },
    { "{ status: 503 }, { at: response_body@40%, do: reset }", "read_error", NULL },
    { "{ malformed: chunk_cut }, { status: 503 }", "protocol_error", NULL },
    { "{ answer: wrong_id }, { status: 503 }", "http_503", NULL },
    { "{ at: response_body@40%, do: delay, for: 9ms }, { at: response_body@60%, do: close }",
      "protocol_error", NULL },
    { "{ at: response_head, do: dribble, every: 1ms }, { at: response_head@50%, do: stall }",
      "read_timeout", NULL },
};

struct group {
    struct worlds worlds;
    struct played rows[SCENARIO_PHASES_MAX];
    size_t row_count;
};

struct all {
    struct group groups[GROUPS];
    struct worlds *worlds[GROUPS];
    char folder[FOLDER_BYTES];
    size_t dealt;
};

static struct all *all;
static size_t wrong; /* attempts and rows */

static void open_group(struct group *group, const char *name)
{
    struct buf yaml;
    buf_init(&yaml, BUF_UNBOUNDED);
    buf_printf(&yaml, head, (unsigned)(group->row_count * SLOT_MS / 1000 + 1));
    for (size_t i = 0; i < group->row_count; i++) {
        buf_printf(&yaml, "    - { name: row%zu, from: %zums, to: %zums, faults: [ %s ] }\n", i,
                   i * SLOT_MS, i * SLOT_MS + PHASE_MS, group->rows[i].yaml);
    }
    buf_puts(&yaml, "expect:\n  - order: guide\n");
    worlds_open(&group->worlds, all->folder, name, buf_text(&yaml));
    buf_deinit(&yaml);
}

static void deal(const struct played *played)
{
    struct group *group = &all->groups[all->dealt++ % GROUPS];
    assert_true(group->row_count < SCENARIO_PHASES_MAX);
    group->rows[group->row_count++] = *played;
}

/* Those at connect stand first: nothing may happen before the harness has said when the run begins.
 */
static void deal_rows(void)
{
    size_t count = 0;
    const struct fault_row *rows = fault_table(&count);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].support == FAULT_IMPOSSIBLE || rows[i].at != FAULT_AT_CONNECT) continue;
        deal(&(struct played){ rows[i].yaml, rows[i].outcome, &rows[i] });
    }
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++)
        deal(&more[i]);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].support == FAULT_IMPOSSIBLE || rows[i].at == FAULT_AT_CONNECT) continue;
        deal(&(struct played){ rows[i].yaml, rows[i].outcome, &rows[i] });
    }
}

static int play_all(void **state)
{
    (void)state;
    static const char *const names[GROUPS] = { "a", "b", "c" };
    all = mem_alloc(1, sizeof *all);
    folder_make(all->folder);
    deal_rows();
    for (size_t g = 0; g < GROUPS; g++) {
        all->worlds[g] = &all->groups[g].worlds;
        open_group(&all->groups[g], names[g]);
    }
    worlds_play(all->worlds, GROUPS);
    return 0;
}

static int free_all(void **state)
{
    (void)state;
    for (size_t g = 0; g < GROUPS; g++)
        worlds_close(all->worlds[g]);
    folder_remove(all->folder);
    mem_free(all);
    return 0;
}

/* Tells of an attempt that is not what was played. */
static void check_attempt(const struct group *group, const struct run *run,
                          const struct played *played, const struct run_attempt *attempt)
{
    const char *outcome = outcome_name(attempt->outcome);
    bool allowed = played->row != NULL && fault_row_allows(played->row, outcome);
    if (strcmp(outcome, played->outcome) == 0 || (run->world == WORLD_REAL && allowed)) return;
    print_error("%s: %s is %s in the %s world, at %.0f ms; wanted: %s\n", group->worlds.path,
                played->yaml, outcome, world_name(run->world), (double)attempt->started_ns / 1e6,
                played->outcome);
    wrong++;
}

/* At connect there are no requests: those attempts that began well inside the window. */
static size_t check_connects(const struct group *group, const struct run *run, size_t index)
{
    uint64_t from_ns = (index * SLOT_MS + SETTLED_MS) * NS_PER_MS;
    uint64_t to_ns = (index * SLOT_MS + LATEST_MS) * NS_PER_MS;
    size_t seen = 0;
    for (size_t i = 0; i < run->attempt_count; i++) {
        const struct run_attempt *attempt = &run->attempts[i];
        if (attempt->started_ns < from_ns || attempt->started_ns >= to_ns) continue;
        check_attempt(group, run, &group->rows[index], attempt);
        seen++;
    }
    return seen;
}

/* The attempts that met a row's fault are what it says. Returns how many there were. */
static size_t check_row(const struct group *group, const struct run *run, size_t index)
{
    const struct played *played = &group->rows[index];
    size_t seen = 0;
    if (played->row != NULL && played->row->at == FAULT_AT_CONNECT) {
        return check_connects(group, run, index);
    }
    for (size_t i = 0; i < run->delivery_count; i++) {
        const struct run_delivery *delivery = &run->deliveries[i];
        if (delivery->phase != index || delivery->fired == 0) continue;
        const struct run_answer *answer = &run->answers[delivery->request];
        if (delivery->attempt >= answer->attempt_count) continue;
        check_attempt(group, run, played, &run->attempts[answer->attempt_at + delivery->attempt]);
        seen++;
    }
    return seen;
}

static bool check_world(enum world world)
{
    wrong = 0;
    for (size_t g = 0; g < GROUPS; g++) {
        const struct group *group = &all->groups[g];
        const struct run *run = world == WORLD_SIM ? &group->worlds.stage.run : &group->worlds.real;
        if (run->invalid && !run->lagged) fail_msg("%s", run->invalid_reason);
        for (size_t i = 0; i < group->row_count; i++) {
            if (check_row(group, run, i) > 0) continue;
            print_error("no attempt met %s in the %s world\n", group->rows[i].yaml,
                        world_name(world));
            wrong++;
        }
    }
    return wrong == 0;
}

static void simulator_gives_each_fault_the_outcome_of_its_row(void **state)
{
    (void)state;
    assert_true(check_world(WORLD_SIM));
}

static bool has_lagged(void)
{
    for (size_t g = 0; g < GROUPS; g++) {
        if (all->worlds[g]->real.lagged) return true;
    }
    return false;
}

/* On a machine that is so busy that requests leave late, timeouts and windows are missed: once more
 * then. */
static void sockets_give_each_fault_the_outcome_of_its_row(void **state)
{
    (void)state;
    for (int tries = 1; !check_world(WORLD_REAL); tries++) {
        assert_true(has_lagged() && tries < TRIES);
        worlds_play(all->worlds, GROUPS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(simulator_gives_each_fault_the_outcome_of_its_row),
        cmocka_unit_test(sockets_give_each_fault_the_outcome_of_its_row),
    };
    return cmocka_run_group_tests(tests, play_all, free_all);
}
