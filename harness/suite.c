#include "harness/suite.h"

#include <string.h>

#include "base/mem.h"

/* Exit codes, by how much they hide: an invalid run hides everything else. */
enum {
    EXIT_PASSED = 0,
    EXIT_FAILED = 1,
    EXIT_INCONCLUSIVE = 3,
    EXIT_INVALID = 4,
    EXIT_DISAGREE = 5
};

static int world_exit_code(const struct suite_world *world)
{
    if (!world->present) return EXIT_PASSED;
    switch (world->verdict.status) {
    case CHECK_PASS: return EXIT_PASSED;
    case CHECK_FAIL: return EXIT_FAILED;
    case CHECK_INCONCLUSIVE: return EXIT_INCONCLUSIVE;
    case CHECK_INVALID: return EXIT_INVALID;
    case CHECK_UNOBSERVABLE: return EXIT_INCONCLUSIVE;
    }
    return EXIT_INVALID;
}

static int exit_rank(int code)
{
    static const int order[] = { EXIT_PASSED, EXIT_INCONCLUSIVE, EXIT_DISAGREE, EXIT_FAILED,
                                 EXIT_INVALID };
    int rank = 0;
    while (order[rank] != code) rank++;
    return rank;
}

static int worse(int a, int b)
{
    return exit_rank(a) > exit_rank(b) ? a : b;
}

bool suite_scenario_disagrees(const struct suite_scenario *item)
{
    return (item->has_parity && !item->parity.holds) ||
           (item->has_replay && !item->replay.identical);
}

static int scenario_exit_code(const struct suite_scenario *item)
{
    int code = worse(world_exit_code(&item->sim), world_exit_code(&item->real));
    return suite_scenario_disagrees(item) ? worse(code, EXIT_DISAGREE) : code;
}

int suite_exit_code(const struct suite *suite)
{
    int code = suite->interrupted ? EXIT_INVALID : EXIT_PASSED;
    for (size_t i = 0; i < suite->count; i++) {
        code = worse(code, scenario_exit_code(&suite->scenarios[i]));
    }
    return code;
}

static bool is_interrupted(const struct suite_scenario *item)
{
    return item->sim.run.interrupted || item->real.run.interrupted;
}

/* Expectations of the files that nobody could see fulfilled or broken. */
static size_t count_unobserved(const struct suite *suite)
{
    size_t count = 0;
    for (size_t i = 0; i < suite->count; i++) {
        const struct verdicts *verdict = &suite->scenarios[i].real.verdict;
        if (is_interrupted(&suite->scenarios[i])) continue; /* which is said of all of them */
        for (size_t c = 0; suite->scenarios[i].real.present && c < verdict->count; c++) {
            const struct check *check = &verdict->checks[c];
            count += check->status == CHECK_UNOBSERVABLE && check->line > 0;
        }
    }
    return count;
}

static void put_unobserved(const struct suite *suite, struct buf *out)
{
    size_t count = count_unobserved(suite);
    if (count == 0) return;
    buf_printf(out, " %zu expectation%s could not be observed, which is no pass.", count,
               count == 1 ? "" : "s");
}

static const char *suite_worlds(const struct suite *suite)
{
    const struct suite_scenario *first = &suite->scenarios[0];
    if (first->sim.present && first->real.present) return "in both worlds";
    return first->real.present ? "over real sockets" : "in simulation";
}

/* What failed in one world and is hidden behind the other's, which says nothing. */
static void put_hidden(const struct suite *suite, struct buf *out)
{
    enum { NAMES = 3 };
    size_t count = 0;
    for (size_t i = 0; i < suite->count; i++) {
        const struct suite_scenario *item = &suite->scenarios[i];
        bool sim = world_exit_code(&item->sim) == EXIT_FAILED;
        bool real = world_exit_code(&item->real) == EXIT_FAILED;
        if (scenario_exit_code(item) != EXIT_INVALID || (!sim && !real)) continue;
        if (++count > NAMES) continue;
        buf_printf(out, "%s%s failed %s", count == 1 ? " Of these, " : ", ", item->scenario.name,
                   sim ? "in simulation" : "over real sockets");
    }
    if (count > NAMES) buf_printf(out, ", %zu more", count - NAMES);
    if (count > 0) buf_putc(out, '.');
}

/* Ones of the code INVALID that somebody has broken off are no trouble of the run. */
static void count_codes(const struct suite *suite, size_t counts[EXIT_DISAGREE + 1],
                        size_t *broken_off)
{
    *broken_off = 0;
    for (size_t i = 0; i < suite->count; i++) {
        const struct suite_scenario *item = &suite->scenarios[i];
        int code = scenario_exit_code(item);
        if (code == EXIT_INVALID && is_interrupted(item)) (*broken_off)++;
        else counts[code]++;
    }
}

void suite_verdict_sentence(const struct suite *suite, struct buf *out)
{
    size_t counts[EXIT_DISAGREE + 1] = { 0 };
    size_t broken_off = 0;
    count_codes(suite, counts, &broken_off);
    static const struct {
        int code;
        const char *text;
    } words[] = {
        { EXIT_INVALID, "invalid (the run says nothing about the service)" },
        { EXIT_FAILED, "failed" },
        { EXIT_DISAGREE, "disagreeing between simulation and sockets" },
        { EXIT_INCONCLUSIVE, "inconclusive" },
    };
    if (suite->interrupted)
        buf_puts(out, "Interrupted: what follows is what was measured so far. ");
    if (counts[EXIT_PASSED] == suite->count) {
        buf_printf(out, "%s%zu scenario%s passed %s.", suite->count == 1 ? "" : "All ",
                   suite->count, suite->count == 1 ? "" : "s", suite_worlds(suite));
        put_unobserved(suite, out);
        return;
    }
    const char *separator = "";
    if (broken_off > 0) {
        buf_printf(out, "%zu not played to the end", broken_off);
        separator = ", ";
    }
    for (size_t w = 0; w < sizeof words / sizeof words[0]; w++) {
        if (counts[words[w].code] == 0) continue;
        buf_printf(out, "%s%zu %s", separator, counts[words[w].code], words[w].text);
        separator = ", ";
    }
    buf_printf(out, ", %zu passed, of %zu scenario%s %s.", counts[EXIT_PASSED], suite->count,
               suite->count == 1 ? "" : "s", suite_worlds(suite));
    put_hidden(suite, out);
    put_unobserved(suite, out);
}

static void world_deinit(struct suite_world *world)
{
    if (!world->present) return;
    verdict_deinit(&world->verdict);
    repeats_deinit(&world->repeats);
    earlier_deinit(&world->earlier);
    run_deinit(&world->run);
}

void suite_scenario_deinit(struct suite_scenario *item)
{
    world_deinit(&item->sim);
    world_deinit(&item->real);
    if (item->has_replay) replay_deinit(&item->replay);
    mem_free(item->capsule);
    schedule_destroy(&item->schedule);
}

void suite_deinit(struct suite *suite)
{
    for (size_t i = 0; i < suite->count; i++) suite_scenario_deinit(&suite->scenarios[i]);
    coverage_deinit(&suite->coverage);
    suite->coverage = (struct coverage){ .count = 0 };
    mem_free(suite->scenarios);
    suite->scenarios = NULL;
    suite->count = 0;
}
