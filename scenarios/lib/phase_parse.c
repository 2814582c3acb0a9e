#include "scenario/phase_parse.h"

#include <string.h>

#include "base/units.h"
#include "scenario/plan.h"

static const char *const phase_keys[] = { "name", "from", "to", "faults" };

/* Whether an earlier fault draws the luck of number `count`. */
static bool has_twin(const struct fault *faults, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (faults[i].stream == faults[count].stream) return true;
    }
    return false;
}

/* What several faults of one phase cannot be together. */
static enum err check_together(const struct value_reader *reader, const struct yaml_node *list,
                               const struct phase *phase)
{
    const struct fault *stop = NULL;
    size_t positions = 0;
    for (size_t i = 0; i < phase->fault_count; i++) {
        const struct fault *fault = &phase->faults[i];
        if (!fault->positioned) continue;
        if (fault->at == FAULT_AT_REQUEST_HEAD || fault->at == FAULT_AT_REQUEST_BODY) stop = fault;
        if (fault->at < FAULT_AT_RESPONSE_HEAD || ++positions <= PLAN_POSITIONS_MAX) continue;
        return yaml_note(reader->file, list->items[i], reader->note,
                         "more than %d faults of one phase have a place in the answer; give them "
                         "phases of their own",
                         (int)PLAN_POSITIONS_MAX);
    }
    for (size_t i = 0; stop != NULL && i < phase->fault_count; i++) {
        const struct selection *select = &phase->faults[i].select;
        if (select->model == NULL && select->market == NULL) continue;
        return yaml_note(reader->file, list->items[i], reader->note,
                         "%s stands in the request's body, but with the fault in line %d (at: %s) "
                         "the fate is decided before that is read; put them into two phases",
                         select->model != NULL ? "model" : "market", stop->line,
                         fault_position_name(stop->at));
    }
    return ERR_OK;
}

static enum err parse_faults(const struct value_reader *reader, const struct yaml_node *list,
                             struct phase *out)
{
    enum err err =
        value_list(reader, list, "faults", "a fault such as { status: 503, share: 60% }");
    if (err != ERR_OK) return err;
    if (list->count > SCENARIO_FAULTS_MAX) {
        return yaml_note(reader->file, list->items[SCENARIO_FAULTS_MAX], reader->note,
                         "%zu faults in one phase are too many; allowed: at most %d", list->count,
                         (int)SCENARIO_FAULTS_MAX);
    }
    struct fault *faults = arena_alloc(reader->arena, list->count, sizeof *faults);
    for (size_t i = 0; i < list->count; i++) {
        /* Ends: at most i earlier faults are equal, each with a number of its own. */
        for (unsigned twin = 0; twin <= i; twin++) {
            struct fault_place place = { out->name, out->to_ns - out->from_ns, twin };
            err = fault_parse(reader, list->items[i], &place, &faults[i]);
            if (err != ERR_OK) return err;
            if (!has_twin(faults, i)) break;
        }
    }
    out->faults = faults;
    out->fault_count = list->count;
    return check_together(reader, list, out);
}

static enum err parse_phase(const struct value_reader *reader, const struct yaml_node *node,
                            const struct scenario *scenario, struct phase *out)
{
    const struct yaml_node *value = NULL;
    *out = (struct phase){ .line = node->line, .column = node->column };
    enum err err = yaml_check_keys(reader->file, node, "a phase", phase_keys,
                                   sizeof phase_keys / sizeof phase_keys[0], reader->note);
    if (err == ERR_OK) err = value_require(reader, node, "a phase", "name", &value);
    if (err == ERR_OK) err = value_name(reader, value, "name", &out->name);
    if (err == ERR_OK) {
        err = phase_parse_window(reader, node, scenario->duration_ns, &out->from_ns, &out->to_ns);
    }
    if (err == ERR_OK) err = value_require(reader, node, "a phase", "faults", &value);
    return err != ERR_OK ? err : parse_faults(reader, value, out);
}

/* Against the phases before it in the file. */
static enum err check_others(const struct value_reader *reader, const struct yaml_node *node,
                             const struct phase *phases, size_t count)
{
    const struct phase *phase = &phases[count];
    char from[UNITS_TEXT_MAX];
    char to[UNITS_TEXT_MAX];
    for (size_t i = 0; i < count; i++) {
        const struct phase *other = &phases[i];
        if (strcmp(phase->name, other->name) == 0) {
            return yaml_note(reader->file, yaml_get(node, "name"), reader->note,
                             "a phase named \"%s\" already stands in line %d; give this one "
                             "another name",
                             phase->name, other->line);
        }
        uint64_t begin = u64_max(phase->from_ns, other->from_ns);
        uint64_t end = u64_min(phase->to_ns, other->to_ns);
        if (begin >= end) continue;
        return yaml_note(reader->file, node, reader->note,
                         "phases \"%s\" and \"%s\" overlap from %s to %s; a fault list composes "
                         "inside one phase: put both faults into one phase or move one",
                         other->name, phase->name, units_format_duration(begin, from),
                         units_format_duration(end, to));
    }
    return ERR_OK;
}

static void sort_by_time(struct phase *phases, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct phase phase = phases[i];
        size_t at = i;
        for (; at > 0 && phases[at - 1].from_ns > phase.from_ns; at--)
            phases[at] = phases[at - 1];
        phases[at] = phase;
    }
}

enum err phase_parse_window(const struct value_reader *reader, const struct yaml_node *node,
                            uint64_t duration_ns, uint64_t *from_ns, uint64_t *to_ns)
{
    const struct yaml_node *from = NULL;
    const struct yaml_node *to = NULL;
    char text[UNITS_TEXT_MAX];
    enum err err = value_require(reader, node, "a phase", "from", &from);
    if (err == ERR_OK) err = value_require(reader, node, "a phase", "to", &to);
    if (err == ERR_OK) err = value_duration(reader, from, "from", from_ns);
    if (err == ERR_OK) err = value_duration(reader, to, "to", to_ns);
    if (err != ERR_OK) return err;
    if (*from_ns >= *to_ns) {
        return yaml_note(
            reader->file, to, reader->note,
            "to: \"%.80s\" is not after from: \"%.80s\"; a phase must last longer than "
            "nothing",
            to->text, from->text);
    }
    if (*to_ns <= duration_ns) return ERR_OK;
    bool outside = *from_ns >= duration_ns;
    return yaml_note(reader->file, outside ? from : to, reader->note,
                     "%s: \"%.80s\" is %s the end of the scenario (duration: %s)",
                     outside ? "from" : "to", outside ? from->text : to->text,
                     *from_ns == duration_ns ? "at" : "after",
                     units_format_duration(duration_ns, text));
}

enum err phase_parse_list(const struct value_reader *reader, const struct yaml_node *list,
                          struct scenario *scenario)
{
    enum err err = value_list(reader, list, "phases",
                              "a phase such as { name: outage, from: 20s, to: 40s, faults: [ { "
                              "status: 503 } ] }, or leave the key out");
    if (err != ERR_OK) return err;
    if (list->count > SCENARIO_PHASES_MAX) {
        return yaml_note(reader->file, list->items[SCENARIO_PHASES_MAX], reader->note,
                         "%zu phases are too many; allowed: at most %d", list->count,
                         (int)SCENARIO_PHASES_MAX);
    }
    struct phase *phases = arena_alloc(reader->arena, list->count, sizeof *phases);
    for (size_t i = 0; i < list->count; i++) {
        err = parse_phase(reader, list->items[i], scenario, &phases[i]);
        if (err == ERR_OK) err = check_others(reader, list->items[i], phases, i);
        if (err != ERR_OK) return err;
    }
    sort_by_time(phases, list->count);
    scenario->phases = phases;
    scenario->phase_count = list->count;
    return ERR_OK;
}
