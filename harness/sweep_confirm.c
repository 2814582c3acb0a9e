#include "harness/sweep_confirm.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "harness/run_command.h"

enum { CONFIRM_PATH_MAX = 1024, TOP = 3 };

struct preparation {
    const struct sweep *sweep;
    struct arena arena;
    struct suite suite; /* owned: each configuration in each scenario */
    bool *scenarios;    /* owned: which are played */
};

static void choose_scenarios(struct preparation *preparation)
{
    const struct sweep *sweep = preparation->sweep;
    const struct sweep_world *world = sweep->world;
    preparation->scenarios = mem_alloc(world->suite.count, sizeof *preparation->scenarios);
    for (size_t i = 0; i < world->suite.count; i++) {
        const char *name = world->suite.scenarios[i].scenario.name;
        bool named = sweep->spec->confirm.count == 0 && !world->held_out[i];
        for (size_t j = 0; j < sweep->spec->confirm.count && !named; j++) {
            named = strcmp(sweep->spec->confirm.items[j].text, name) == 0;
        }
        preparation->scenarios[i] = named;
    }
}

static void add_role(const struct sweep *sweep, struct sweep_confirmation *out, const char *role,
                     const struct sweep_point *point)
{
    out->items[out->count++] = (struct sweep_confirmed){
        .role = role,
        .point = *point,
        .key = sweep_point_key(&sweep->spec->space, point),
        .pairs = mem_alloc(sweep->world->suite.count, sizeof(struct sweep_pair)),
    };
}

static void choose_roles(const struct sweep *sweep, const bool *scenarios,
                         struct sweep_confirmation *out)
{
    static const char *const roles[TOP] = { "pick", "second", "third" };
    size_t top = 0;
    for (size_t i = 0; i < sweep->finalist_count && top < TOP; i++) {
        const struct sweep_finalist *finalist = &sweep->finalists[i];
        if (finalist->is_current && i > 0) continue; /* it is there anyway */
        add_role(sweep, out, roles[top++], &finalist->point);
    }
    if (!sweep->finalists[0].is_current) add_role(sweep, out, "current", &sweep->current.point);
    const struct sweep_candidate *control = sweep_control(sweep, scenarios);
    if (control != NULL) add_role(sweep, out, "control", &control->point);
}

/* The scenario with the settings of one configuration, under a name of its own. */
static enum err add_item(struct preparation *preparation, const struct sweep_confirmed *confirmed,
                         size_t scenario, struct err_note *note)
{
    const struct sweep *sweep = preparation->sweep;
    struct arena *arena = &preparation->arena;
    struct suite_scenario item = {
        .scenario = sweep->world->suite.scenarios[scenario].scenario,
        .seed = sweep->spec->confirm_seed,
    };
    struct config_source source = { .path = sweep->world->config_path,
                                    .set_origin = item.scenario.path };
    source.sets =
        sweep_world_sets(sweep->world, scenario, &confirmed->point, arena, &source.set_count);
    enum err rc = config_load(&item.config, &source, note);
    if (rc != ERR_OK) return rc;
    item.config.engine.seed = item.seed;
    struct setting *settings = arena_alloc(arena, source.set_count, sizeof *settings);
    for (size_t i = 0; i < source.set_count; i++) settings[i].assignment = source.sets[i];
    item.scenario.settings = settings;
    item.scenario.setting_count = source.set_count;
    item.scenario.environment = sweep->spec->environment;
    item.scenario.name = arena_printf(arena, "%s-%s", confirmed->role, item.scenario.name);
    schedule_create(&item.scenario, item.seed, &item.schedule);
    struct suite *suite = &preparation->suite;
    suite->scenarios = mem_resize(suite->scenarios, suite->count + 1, sizeof item);
    suite->scenarios[suite->count++] = item;
    return ERR_OK;
}

static enum err add_items(struct preparation *preparation, struct sweep_confirmation *out,
                          struct err_note *note)
{
    enum err rc = ERR_OK;
    for (size_t i = 0; i < out->count && rc == ERR_OK; i++) {
        struct sweep_confirmed *confirmed = &out->items[i];
        for (size_t j = 0; j < preparation->sweep->world->suite.count && rc == ERR_OK; j++) {
            if (!preparation->scenarios[j]) continue;
            confirmed->pairs[confirmed->pair_count++] = (struct sweep_pair){
                .scenario = j,
                .name = preparation->sweep->world->suite.scenarios[j].scenario.name,
            };
            rc = add_item(preparation, confirmed, j, note);
        }
    }
    return rc;
}

static void measure(const struct sweep *sweep, const struct suite_world *world,
                    struct sweep_measure *out)
{
    sweep_measure_run(&world->run, sweep->spec->slow_over_ns, out);
    sweep_measure_judge(&world->verdict, world->run.scenario, &sweep->spec->tolerated, out);
}

static void take_results(const struct preparation *preparation, struct sweep_confirmation *out)
{
    size_t at = 0;
    for (size_t i = 0; i < out->count; i++) {
        for (size_t j = 0; j < out->items[i].pair_count; j++, at++) {
            const struct suite_scenario *item = &preparation->suite.scenarios[at];
            struct sweep_pair *pair = &out->items[i].pairs[j];
            measure(preparation->sweep, &item->sim, &pair->sim);
            measure(preparation->sweep, &item->real, &pair->real);
            pair->status = item->real.verdict.status;
            pair->compared = item->has_parity;
            pair->disagrees = suite_scenario_disagrees(item);
            pair->same = item->parity.agree;
            pair->requests = item->parity.decided;
        }
    }
}

/* What became of one configuration over sockets. */
struct tally {
    size_t played, invalid, failed, predicted; /* predicted: failures in the simulation */
    size_t both;                               /* failed in both worlds */
    size_t disagree;                           /* played, and not as simulated */
    const struct sweep_pair *first;            /* of those; NULL: none */
};

static struct tally count(const struct sweep_confirmed *confirmed)
{
    struct tally tally = { .played = confirmed->pair_count };
    for (size_t i = 0; i < confirmed->pair_count; i++) {
        const struct sweep_pair *pair = &confirmed->pairs[i];
        bool predicted = pair->sim.state != SWEEP_FEASIBLE;
        bool failed = pair->real.state != SWEEP_FEASIBLE;
        tally.predicted += predicted;
        if (pair->status == CHECK_INVALID) {
            tally.invalid++;
            continue;
        }
        tally.failed += failed;
        tally.disagree += pair->disagrees;
        if (pair->disagrees && tally.first == NULL) tally.first = pair;
        tally.both += failed && predicted;
    }
    return tally;
}

/* What was searched is not what is there: "1 of 2 scenarios (a: 3 of 99 requests ...)". */
static void say_disagreement(const struct tally *pick, struct sweep_confirmation *out)
{
    char figures[96] = "see confirm/index.html";
    if (pick->first->compared) {
        snprintf(figures, sizeof figures, "%" PRIu32 " of %" PRIu32 " requests served as simulated",
                 pick->first->same, pick->first->requests);
    }
    out->exit_code = 5;
    snprintf(out->sentence, sizeof out->sentence,
             "Not confirmed: for the pick simulation and sockets disagree in %zu of %zu scenarios "
             "(%.100s: %s), so what the search measured does not hold over sockets.",
             pick->disagree, pick->played, pick->first->name, figures);
}

static const char *control_sentence(bool has_control, const struct tally *control)
{
    if (!has_control) return "; no configuration of the sample is predicted bad: no control";
    if (control->both > 0) return ", and the control fails there as predicted";
    if (control->invalid > 0) return "; the control's runs were invalid";
    return "; the control, which the simulation had fail with another seed, passes in both worlds "
           "and shows nothing";
}

void sweep_confirmation_judge(struct sweep_confirmation *out)
{
    struct tally pick = count(&out->items[0]);
    const struct sweep_confirmed *last = &out->items[out->count - 1];
    bool has_control = strcmp(last->role, "control") == 0;
    struct tally control = has_control ? count(last) : (struct tally){ .played = 0 };
    if (pick.invalid > 0) {
        out->exit_code = 4;
        snprintf(out->sentence, sizeof out->sentence,
                 "Not confirmed: %zu of %zu runs of the pick over sockets were invalid; try again "
                 "on a quieter machine, or with fewer jobs in confirm.",
                 pick.invalid, pick.played);
    } else if (pick.failed > 0) {
        out->exit_code = 1;
        snprintf(out->sentence, sizeof out->sentence,
                 "Not confirmed: over sockets the pick fails %zu of %zu scenarios.", pick.failed,
                 pick.played);
    } else if (pick.disagree > 0) {
        say_disagreement(&pick, out);
    } else if (control.predicted > 0 && control.both == 0 && control.invalid == 0) {
        out->exit_code = 5;
        snprintf(out->sentence, sizeof out->sentence,
                 "The pick passes %zu scenarios over sockets, but so does the control, which the "
                 "simulation had fail %zu: what is played cannot tell good from bad.",
                 pick.played, control.predicted);
    } else {
        snprintf(out->sentence, sizeof out->sentence,
                 "Confirmed over sockets: the pick passes %zu of %zu scenarios%s.", pick.played,
                 pick.played, control_sentence(has_control, &control));
    }
}

/* Fills the suite; the caller releases it. */
static enum err prepare(struct preparation *preparation, struct sweep_confirmation *out,
                        struct err_note *note)
{
    choose_scenarios(preparation);
    choose_roles(preparation->sweep, preparation->scenarios, out);
    return add_items(preparation, out, note);
}

bool sweep_confirm(const struct sweep *sweep, const struct sweep_confirm_options *options,
                   struct sweep_confirmation *out)
{
    assert(sweep->finalist_count > 0);
    *out = (struct sweep_confirmation){ .done = false };
    struct preparation preparation = { .sweep = sweep };
    struct err_note note = { .err = ERR_OK };
    char configs[CONFIRM_PATH_MAX], folder[CONFIRM_PATH_MAX];
    snprintf(configs, sizeof configs, "%s/base", options->folder);
    snprintf(folder, sizeof folder, "%s/confirm", options->folder);
    if (prepare(&preparation, out, &note) != ERR_OK) {
        err_note_print(stderr, &note);
    } else {
        struct run_options run = {
            .discover = { .configs = configs },
            .ready = &preparation.suite,
            .sim = true,
            .real = true,
            .jobs = sweep->spec->confirm_jobs,
            .repeat = 1,
            .out = folder,
            .programs = options->programs,
            .quiet = options->quiet,
            .outputs = { .annotations = "none" },
            .keep_going = true,
        };
        int code = run_command(&run);
        size_t last = preparation.suite.count - 1;
        bool played = code != 2 && preparation.suite.scenarios[last].real.present;
        if (played) {
            take_results(&preparation, out);
            sweep_confirmation_judge(out);
        }
        out->done = played && !preparation.suite.interrupted;
    }
    suite_deinit(&preparation.suite);
    arena_deinit(&preparation.arena);
    mem_free(preparation.scenarios);
    return out->done;
}

void sweep_confirmation_deinit(struct sweep_confirmation *confirmation)
{
    for (size_t i = 0; i < confirmation->count; i++) mem_free(confirmation->items[i].pairs);
}
