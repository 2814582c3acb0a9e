#include "harness/sweep_world.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/suggest.h"
#include "harness/discover.h"

/* The most requests that come within one deadline, after which none is still there. How long
 * clients send, and when closed loops do, only the simulation knows: it says so where these are too
 * few. */
static size_t calls_at_once(const struct schedule *schedule, uint64_t deadline_ns)
{
    size_t most = 1;
    size_t first = 0;
    if (schedule->open_count < schedule->count) return schedule->count;
    for (size_t i = 0; i < schedule->count; i++) {
        while (schedule->items[first].at_ns + deadline_ns < schedule->items[i].at_ns) first++;
        if (i + 1 - first > most) most = i + 1 - first;
    }
    return most;
}

/* Room that no request needs costs time to set up, so a simulation gets what it can use. */
static void trim_sizes(struct runtime_config *config, const struct scenario *scenario,
                       const struct schedule *schedule)
{
    uint64_t keys = 1;
    for (size_t i = 0; i < scenario->workload_count; i++) keys += scenario->workloads[i].key_count;
    struct engine_config *engine = &config->engine;
    engine->cache.entries_max = (uint32_t)u64_min(engine->cache.entries_max, keys);
    engine->negative_entries_max = (uint32_t)u64_min(engine->negative_entries_max, keys);
    engine->calls_max = (uint32_t)u64_min(engine->calls_max, schedule->count);
}

static enum err name_trouble(const struct sweep_world *world, const struct sweep_name *name,
                             FILE *errors)
{
    const char **names = mem_alloc(world->suite.count + 1, sizeof *names);
    for (size_t i = 0; i < world->suite.count; i++) {
        names[i] = world->suite.scenarios[i].scenario.name;
    }
    const char *near = suggest(name->text, names, world->suite.count);
    struct err_note note = { .err = ERR_OK };
    enum err rc = err_note_set(&note, ERR_NOT_FOUND, world->spec->path, name->line, name->column,
                               "none of the scenarios is called \"%.80s\"%s%s%s", name->text,
                               near == NULL ? "; see: tollgate list" : "; did you mean \"",
                               near == NULL ? "" : near, near == NULL ? "" : "\"?");
    err_note_print(errors, &note);
    mem_free(names);
    return rc;
}

static size_t find_scenario(const struct sweep_world *world, const char *name)
{
    for (size_t i = 0; i < world->suite.count; i++) {
        if (strcmp(world->suite.scenarios[i].scenario.name, name) == 0) return i;
    }
    return world->suite.count;
}

static void remove_scenario(struct sweep_world *world, size_t index)
{
    struct suite_scenario *items = world->suite.scenarios;
    schedule_destroy(&items[index].schedule);
    world->suite.count--;
    memmove(&items[index], &items[index + 1], (world->suite.count - index) * sizeof items[0]);
}

static enum err apply_names(struct sweep_world *world, FILE *errors)
{
    const struct sweep_spec *spec = world->spec;
    for (size_t i = 0; i < spec->without.count; i++) {
        size_t at = find_scenario(world, spec->without.items[i].text);
        if (at == world->suite.count) return name_trouble(world, &spec->without.items[i], errors);
        remove_scenario(world, at);
    }
    world->held_out = mem_alloc(world->suite.count + 1, sizeof *world->held_out);
    for (size_t i = 0; i < spec->held_out.count; i++) {
        size_t at = find_scenario(world, spec->held_out.items[i].text);
        if (at == world->suite.count) return name_trouble(world, &spec->held_out.items[i], errors);
        world->held_out[at] = true;
    }
    for (size_t i = 0; i < spec->confirm.count; i++) {
        size_t at = find_scenario(world, spec->confirm.items[i].text);
        if (at == world->suite.count) return name_trouble(world, &spec->confirm.items[i], errors);
    }
    for (size_t i = 0; i < world->suite.count; i++) {
        if (!world->held_out[i]) return ERR_OK;
    }
    fprintf(errors, "%s: error: no scenario is left to search with; hold out fewer of them\n",
            spec->path);
    return ERR_INVALID;
}

/* The parameter that an assignment "key=value" is about; NULL: none. */
static const struct sweep_parameter *parameter_of(const struct sweep_space *space,
                                                  const char *assignment, size_t *index)
{
    size_t length = strcspn(assignment, "=");
    for (size_t i = 0; i < space->count; i++) {
        const char *key = space->parameters[i].row->key;
        if (strlen(key) != length || strncmp(key, assignment, length) != 0) continue;
        *index = i;
        return &space->parameters[i];
    }
    return NULL;
}

/* The number that a scenario sets; the scenario was checked when it was loaded. */
static uint64_t own_value(const struct sweep_parameter *parameter, const char *assignment)
{
    size_t row_count;
    const struct option *rows = config_rows(&row_count);
    struct options options;
    struct runtime_config scratch = { .warning_count = 0 };
    struct err_note note = { .err = ERR_OK };
    options_init(&options, rows, row_count, &scratch);
    enum err rc = options_set(&options, &scratch, assignment, "", &note);
    assert(rc == ERR_OK);
    return sweep_value_get(parameter->row, &scratch);
}

static void read_own_values(struct sweep_world *world)
{
    const struct sweep_space *space = &world->spec->space;
    world->own = mem_alloc(world->suite.count * space->count + 1, sizeof *world->own);
    for (size_t i = 0; i < world->suite.count; i++) {
        const struct scenario *scenario = &world->suite.scenarios[i].scenario;
        for (size_t j = 0; j < scenario->setting_count; j++) {
            const char *assignment = scenario->settings[j].assignment;
            size_t index = 0;
            const struct sweep_parameter *parameter = parameter_of(space, assignment, &index);
            if (parameter == NULL) continue;
            world->own[i * space->count + index] = own_value(parameter, assignment);
        }
    }
}

static enum err read_config(struct sweep_world *world, FILE *errors)
{
    struct err_note note = { .err = ERR_OK };
    world->config = mem_alloc(1, sizeof *world->config);
    enum err rc = config_load_file(world->config, world->config_path, &note);
    if (rc != ERR_OK) err_note_print(errors, &note);
    return rc;
}

enum err sweep_world_open(struct sweep_world *world, struct arena *arena,
                          const struct sweep_spec *spec, const char *configs, FILE *errors)
{
    *world = (struct sweep_world){ .spec = spec, .config_path = spec->config_path };
    struct discover_options options = { .paths = spec->paths,
                                        .path_count = spec->path_count,
                                        .has_tier = spec->has_tier,
                                        .tier = spec->tier,
                                        .configs = configs };
    enum err rc = discover(&world->suite, arena, &options, errors);
    if (rc == ERR_OK) rc = apply_names(world, errors);
    if (rc == ERR_OK) rc = read_config(world, errors);
    if (rc != ERR_OK) return rc;
    read_own_values(world);
    world->seed_count = spec->search.count + spec->fresh.count;
    world->block_count = world->suite.count * world->seed_count;
    world->blocks = mem_alloc(world->block_count, sizeof *world->blocks);
    for (size_t i = 0; i < world->block_count; i++) {
        size_t seed = i % world->seed_count;
        world->blocks[i].scenario = (uint32_t)(i / world->seed_count);
        world->blocks[i].seed = seed < spec->search.count
                                    ? spec->search.items[seed]
                                    : spec->fresh.items[seed - spec->search.count];
    }
    return ERR_OK;
}

void sweep_world_close(struct sweep_world *world)
{
    for (size_t i = 0; i < world->block_count; i++) {
        struct sweep_block *block = &world->blocks[i];
        if (!block->ready) continue;
        sim_requests_destroy(block->requests);
        schedule_destroy(&block->schedule);
        mem_free(block->config);
    }
    mem_free(world->blocks);
    mem_free(world->held_out);
    mem_free(world->own);
    mem_free(world->config);
    suite_deinit(&world->suite);
}

uint32_t sweep_block_at(const struct sweep_world *world, size_t scenario, size_t seed)
{
    assert(scenario < world->suite.count && seed < world->seed_count);
    return (uint32_t)(scenario * world->seed_count + seed);
}

const char *sweep_block_name(const struct sweep_world *world, uint32_t block)
{
    return world->suite.scenarios[world->blocks[block].scenario].scenario.name;
}

enum err sweep_block_prepare(struct sweep_world *world, uint32_t index, struct err_note *note)
{
    struct sweep_block *block = &world->blocks[index];
    if (block->ready) return ERR_OK;
    const struct suite_scenario *item = &world->suite.scenarios[block->scenario];
    schedule_create(&item->scenario, block->seed, &block->schedule);
    block->config = mem_copy(&item->config, sizeof *block->config);
    struct run run;
    run_init(&run, WORLD_SIM, &item->scenario, &block->schedule, block->config, block->seed);
    block->requests = sim_requests_create(&run, note);
    run_deinit(&run);
    block->ready = true;
    return block->requests == NULL ? ERR_INVALID : ERR_OK;
}

static const char *assignment_text(const struct sweep_parameter *parameter, uint64_t value,
                                   struct arena *arena)
{
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    sweep_value_assign(parameter->row, value, &text);
    const char *kept = arena_copy_text(arena, buf_text(&text), text.length);
    buf_deinit(&text);
    return kept;
}

const char **sweep_world_sets(const struct sweep_world *world, size_t scenario_index,
                              const struct sweep_point *point, struct arena *arena, size_t *count)
{
    const struct sweep_spec *spec = world->spec;
    const struct sweep_space *space = &spec->space;
    const struct scenario *scenario = &world->suite.scenarios[scenario_index].scenario;
    const char **sets = arena_alloc(arena, spec->set_count + scenario->setting_count + space->count,
                                    sizeof *sets);
    uint64_t values[SWEEP_PARAMETERS_MAX];
    bool kept[SWEEP_PARAMETERS_MAX] = { false };
    memcpy(values, point->values, sizeof values);
    size_t n = 0;
    for (size_t i = 0; i < spec->set_count; i++) sets[n++] = spec->sets[i];
    for (size_t i = 0; i < scenario->setting_count; i++) {
        const char *assignment = scenario->settings[i].assignment;
        size_t index = 0;
        const struct sweep_parameter *parameter = parameter_of(space, assignment, &index);
        bool own = parameter == NULL || parameter->where_set == SWEEP_SET_KEPT;
        if (own) sets[n++] = assignment;
        if (parameter == NULL) continue;
        kept[index] = own;
        if (parameter->where_set == SWEEP_SET_SCALED) {
            uint64_t own_here = world->own[scenario_index * space->count + index];
            values[index] =
                sweep_value_scaled(parameter, own_here, point->values[index]);
        }
    }
    for (size_t i = 0; i < space->count; i++) {
        if (kept[i]) continue;
        sets[n++] = assignment_text(&space->parameters[i], values[i], arena);
    }
    *count = n;
    return sets;
}

/* What a request is, and where it is sent, depends on these alone. */
static bool same_requests(const struct runtime_config *a, const struct runtime_config *b)
{
    return memcmp(&a->forecast, &b->forecast, sizeof a->forecast) == 0 &&
           a->engine.cache.families == b->engine.cache.families;
}

/* In as few calls as are probably enough, or else in all that the settings allow. */
static void simulate(struct run *run, const struct sim_requests *requests,
                     struct runtime_config *config)
{
    const struct sim_options options = { .jitter_seed = 0 };
    uint32_t allowed = config->engine.calls_max;
    size_t likely = calls_at_once(run->plan, config->engine.request_deadline_ns);
    config->engine.calls_max = (uint32_t)u64_min(allowed, likely);
    sim_play(run, requests, &options, NULL);
    if (!run->out_of_calls || config->engine.calls_max == allowed) return;
    config->engine.calls_max = allowed;
    struct run again;
    run_init(&again, WORLD_SIM, run->scenario, run->plan, config, run->seed);
    sim_play(&again, requests, &options, NULL);
    run_deinit(run);
    *run = again;
}

static void play(const struct sweep_world *world, const struct sweep_block *block,
                 struct runtime_config *config, struct sweep_measure *out)
{
    const struct scenario *scenario = &world->suite.scenarios[block->scenario].scenario;
    struct err_note note = { .err = ERR_OK };
    struct run run;
    trim_sizes(config, scenario, &block->schedule);
    run_init(&run, WORLD_SIM, scenario, &block->schedule, config, block->seed);
    bool shared = same_requests(config, block->config);
    struct sim_requests *requests =
        shared ? block->requests : sim_requests_create(&run, &note);
    if (requests == NULL) {
        *out = (struct sweep_measure){ .state = SWEEP_IMPOSSIBLE, .failed = 1 };
        snprintf(out->check, sizeof out->check, "%.95s", note.sentence);
    } else {
        simulate(&run, requests, config);
        struct verdicts verdicts;
        verdict_judge_service(&run, &verdicts);
        sweep_measure_run(&run, world->spec->slow_over_ns, out);
        sweep_measure_judge(&verdicts, scenario, &world->spec->tolerated, out);
        verdict_deinit(&verdicts);
        if (!shared) sim_requests_destroy(requests);
    }
    run_deinit(&run);
}

void sweep_world_try(const struct sweep_world *world, const struct sweep_point *point,
                     uint32_t index, struct sweep_measure *out)
{
    const struct sweep_block *block = &world->blocks[index];
    assert(block->ready);
    struct arena arena = { .head = NULL };
    struct runtime_config *config = mem_alloc(1, sizeof *config);
    struct config_source source = { .path = world->config_path, .read = world->config };
    struct err_note note = { .err = ERR_OK };
    source.sets = sweep_world_sets(world, block->scenario, point, &arena, &source.set_count);
    if (config_load(config, &source, &note) != ERR_OK) {
        *out = (struct sweep_measure){ .state = SWEEP_IMPOSSIBLE, .failed = 1 };
        snprintf(out->check, sizeof out->check, "%.95s", note.sentence);
    } else {
        config->engine.seed = block->seed;
        play(world, block, config, out);
    }
    mem_free(config);
    arena_deinit(&arena);
}
