/* The report's summary, and its page for people. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "report.h"

enum { NAMES_MAX = 4096 };

static bool is_counted(const struct mutant *mutant)
{
    if (mutant->end == MUTANT_EQUIVALENT || mutant->end == MUTANT_DUPLICATE) return false;
    return mutant->end != MUTANT_ALLOWED || strncmp(mutant->reason, "equivalent", 10) != 0;
}

struct score mutants_score(const struct mutants *mutants, bool simulated, const char *kind)
{
    struct score score = { 0, 0 };
    for (size_t i = 0; i < mutants->count; i++) {
        const struct mutant *mutant = &mutants->items[i];
        if (mutant->simulated != simulated || !is_counted(mutant)) continue;
        if (kind != NULL && strcmp(kind, mutant->kind) != 0) continue;
        score.counted++;
        score.killed += mutant->end == MUTANT_KILLED || mutant->end == MUTANT_TESTED;
    }
    return score;
}

unsigned score_permille(struct score score)
{
    return score.counted == 0 ? 1000 : (unsigned)(score.killed * 1000 / score.counted);
}

/* One name and how many mutants it kills, and kills alone. */
struct tally {
    char *name; /* owned */
    size_t kills, alone;
};

struct tallies {
    struct tally items[NAMES_MAX];
    size_t count;
};

static struct tally *tally_of(struct tallies *tallies, const char *name, size_t length)
{
    for (size_t i = 0; i < tallies->count; i++) {
        struct tally *tally = &tallies->items[i];
        if (strncmp(tally->name, name, length) == 0 && tally->name[length] == '\0') return tally;
    }
    if (tallies->count == NAMES_MAX) return NULL;
    char *copy = mem_alloc(length + 1, 1);
    memcpy(copy, name, length);
    copy[length] = '\0';
    tallies->items[tallies->count] = (struct tally){ .name = copy };
    return &tallies->items[tallies->count++];
}

/* How much of a kill is the name to count: the scenario, or the kind of check. */
static const char *part_of(const struct kill *kill, bool scenario, size_t *length)
{
    *length = kill->scenario_length;
    if (scenario) return kill->scenario;
    bool invariant = strncmp(kill->check, "invariant.", 10) == 0;
    *length = strcspn(kill->check, invariant ? " \t" : ". \t");
    return kill->check;
}

enum { HITS_MAX = 256 };

static void count_one(struct tallies *tallies, const struct mutants *mutants,
                      const struct mutant *mutant, bool scenario)
{
    struct tally *hit[HITS_MAX];
    size_t hits = 0;
    const char *at = mutant->checks;
    struct kill kill;
    while (kill_next(mutants, &at, &kill)) {
        size_t length = 0;
        const char *name = part_of(&kill, scenario, &length);
        struct tally *tally = tally_of(tallies, name, length);
        bool seen = tally == NULL;
        for (size_t i = 0; i < hits; i++)
            seen = seen || hit[i] == tally;
        if (!seen && hits < HITS_MAX) hit[hits++] = tally;
    }
    for (size_t i = 0; i < hits; i++)
        hit[i]->kills++;
    if (hits == 1) hit[0]->alone++;
}

static int by_kills(const void *a, const void *b)
{
    const struct tally *left = a;
    const struct tally *right = b;
    if (left->kills != right->kills) return left->kills < right->kills ? 1 : -1;
    return strcmp(left->name, right->name);
}

static struct tallies *count_all(const struct mutants *mutants, bool scenario)
{
    struct tallies *tallies = mem_alloc(1, sizeof *tallies);
    for (size_t i = 0; scenario && i < mutants->scenario_count; i++)
        (void)tally_of(tallies, mutants->scenarios[i], strlen(mutants->scenarios[i]));
    for (size_t i = 0; i < mutants->count; i++) {
        if (mutants->items[i].end == MUTANT_KILLED) {
            count_one(tallies, mutants, &mutants->items[i], scenario);
        }
    }
    qsort(tallies->items, tallies->count, sizeof tallies->items[0], by_kills);
    return tallies;
}

static void tallies_destroy(struct tallies *tallies)
{
    for (size_t i = 0; i < tallies->count; i++)
        mem_free(tallies->items[i].name);
    mem_free(tallies);
}

static const char *const kinds[] = { "resilience", "deletion",   "return",     "condition",
                                     "logical",    "relational", "arithmetic", "constant" };

static size_t count_end(const struct mutants *mutants, enum mutant_end end)
{
    size_t count = 0;
    for (size_t i = 0; i < mutants->count; i++)
        count += mutants->items[i].end == end;
    return count;
}

static void print_score(struct buf *out, const char *name, struct score score)
{
    buf_printf(out, "| %s | %zu | %zu | %u.%u %% |\n", name, score.counted, score.killed,
               score_permille(score) / 10, score_permille(score) % 10);
}

/* Scenarios that could be left out, one at a time, and the score would be the same. */
static void put_nothing_alone(struct buf *out, const struct mutants *mutants,
                              const struct tallies *tallies)
{
    size_t count = 0;
    if (mutants->first) {
        buf_puts(out, "\nEach mutant was left alone once a scenario killed it: the columns say "
                      "who came first. The whole matrix is made without --first.\n");
        return;
    }
    for (size_t i = 0; i < tallies->count; i++)
        count += tallies->items[i].alone == 0;
    buf_printf(out, "\n%zu of %zu scenarios kill nothing alone:", count, tallies->count);
    for (size_t i = 0; i < tallies->count; i++) {
        if (tallies->items[i].alone == 0) buf_printf(out, " %s", tallies->items[i].name);
    }
    buf_puts(out, ".\n");
}

void report_summary(struct buf *out, const struct mutants *mutants)
{
    buf_puts(out,
             "# Mutation score\n\n| mutants | counted | killed | score |\n|---|---|---|---|\n");
    print_score(out, "driven by the simulator, killed by the catalogue",
                mutants_score(mutants, true, NULL));
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        print_score(out, kinds[i], mutants_score(mutants, true, kinds[i]));
    print_score(out, "other files of the core, killed by unit tests",
                mutants_score(mutants, false, NULL));
    buf_printf(out,
               "\n%zu mutants in all: %zu the compiler makes the original's code of, %zu "
               "duplicates, %zu accepted in mutants.allow.\n",
               mutants->count, count_end(mutants, MUTANT_EQUIVALENT),
               count_end(mutants, MUTANT_DUPLICATE), count_end(mutants, MUTANT_ALLOWED));
    for (int scenario = 0; scenario < 2; scenario++) {
        struct tallies *tallies = count_all(mutants, scenario == 1);
        bool alone = !mutants->first; /* else no second scenario had its turn */
        buf_printf(out, "\n| %s | kills |%s\n|---|---|%s\n",
                   scenario == 1 ? "scenario" : "kind of check", alone ? " alone |" : "",
                   alone ? "---|" : "");
        for (size_t i = 0; i < tallies->count; i++) {
            buf_printf(out, "| %s | %zu |", tallies->items[i].name, tallies->items[i].kills);
            if (alone) buf_printf(out, " %zu |", tallies->items[i].alone);
            buf_putc(out, '\n');
        }
        if (scenario == 1) put_nothing_alone(out, mutants, tallies);
        tallies_destroy(tallies);
    }
}

void report_html_text(struct buf *out, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        switch (text[i]) {
        case '<': buf_puts(out, "&lt;"); break;
        case '>': buf_puts(out, "&gt;"); break;
        case '&': buf_puts(out, "&amp;"); break;
        case '"': buf_puts(out, "&quot;"); break;
        default: buf_putc(out, text[i]);
        }
    }
}

static void put_html(struct buf *out, const char *text)
{
    report_html_text(out, text, strlen(text));
}

static void put_cell(struct buf *out, const char *text)
{
    buf_puts(out, "<td>");
    put_html(out, text);
    buf_puts(out, "</td>");
}

static void put_scores(struct buf *out, const struct mutants *mutants)
{
    buf_puts(out, "<table><tr><th>kind of mutant<th>counted<th>killed<th>score</tr>");
    for (size_t i = 0; i <= sizeof kinds / sizeof kinds[0]; i++) {
        const char *kind = i == 0 ? NULL : kinds[i - 1];
        struct score score = mutants_score(mutants, true, kind);
        buf_printf(out, "<tr><td>%s<td>%zu<td>%zu<td>%u.%u %%</tr>",
                   kind == NULL ? "all, by the catalogue" : kind, score.counted, score.killed,
                   score_permille(score) / 10, score_permille(score) % 10);
    }
    struct score rest = mutants_score(mutants, false, NULL);
    buf_printf(out, "<tr><td>other files, by unit tests<td>%zu<td>%zu<td>%u.%u %%</tr></table>",
               rest.counted, rest.killed, score_permille(rest) / 10, score_permille(rest) % 10);
}

static void put_tallies(struct buf *out, const struct mutants *mutants, bool scenario)
{
    struct tallies *tallies = count_all(mutants, scenario);
    bool alone = !mutants->first;
    buf_printf(out, "<table><tr><th>%s<th>kills%s</tr>", scenario ? "scenario" : "kind of check",
               alone ? "<th>alone" : "");
    for (size_t i = 0; i < tallies->count; i++) {
        buf_puts(out, "<tr>");
        put_cell(out, tallies->items[i].name);
        buf_printf(out, "<td>%zu", tallies->items[i].kills);
        if (alone) buf_printf(out, "<td>%zu", tallies->items[i].alone);
        buf_puts(out, "</tr>");
    }
    buf_puts(out, "</table><p>");
    if (scenario) put_nothing_alone(out, mutants, tallies);
    tallies_destroy(tallies);
}

void report_diff(struct buf *out, const struct mutant *mutant)
{
    buf_printf(out, "<tr><td>%u<td>%s:%u<td>%s<td><del>", mutant->id, mutant->file, mutant->line,
               mutant->function);
    put_html(out, mutant->original);
    buf_puts(out, "</del><br><ins>");
    put_html(out, strcmp(mutant->kind, "deletion") == 0 ? "(left out)" : mutant->replacement);
    buf_puts(out, "</ins>");
}

static void put_mutants(struct buf *out, const struct mutants *mutants, const char *title,
                        enum mutant_end end)
{
    buf_printf(out, "<details%s><summary>%s (%zu)</summary><table>",
               end == MUTANT_SURVIVED ? " open" : "", title, count_end(mutants, end));
    buf_puts(out, "<tr><th>mutant<th>place<th>function<th>from, to<th>runs<th>unit test<th>reason"
                  "</tr>");
    for (size_t i = 0; i < mutants->count; i++) {
        const struct mutant *mutant = &mutants->items[i];
        if (mutant->end != end) continue;
        report_diff(out, mutant);
        put_cell(out, mutant->how[0] == '\0' ? "as ever" : mutant->how);
        put_cell(out, mutant->test);
        put_cell(out, mutant->reason);
        buf_puts(out, "</tr>");
    }
    buf_puts(out, "</table></details>");
}

static const char HEAD[] =
    "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport "
    "content='width=device-width'><title>Mutation score</title><style>"
    ":root{color-scheme:light dark}body{font:15px/1.5 system-ui;margin:2rem auto;"
    "max-width:75rem;padding:0 1rem}table{border-collapse:collapse;margin:.5rem 0 1.5rem}"
    "td,th{border:1px solid #8884;padding:.2rem .6rem;text-align:left;vertical-align:top;"
    "overflow-wrap:anywhere}del{background:#f002;text-decoration:none}ins{background:#0a02;"
    "text-decoration:none}del,ins{font-family:monospace;font-size:13px}"
    "summary{cursor:pointer;font-weight:600}.wide{overflow-x:auto}"
    "svg text{font:10px system-ui;fill:currentColor}.rule{stroke:#8884}</style>"
    "<h1>Mutation score</h1>"
    "<p>Each mutant is one small defect in runtime/core. It is killed when a scenario of the "
    "catalogue, simulated with it, fails one of its checks, stops at an assert, crashes or hangs. "
    "What the simulator does not drive meets the core's unit tests, and is counted apart.</p>";

void report_page(struct buf *out, const struct mutants *mutants)
{
    buf_puts(out, HEAD);
    put_scores(out, mutants);
    put_mutants(out, mutants, "Survivors", MUTANT_SURVIVED);
    put_mutants(out, mutants, "Accepted", MUTANT_ALLOWED);
    buf_puts(out, "<h2>What kills</h2>");
    put_tallies(out, mutants, false);
    put_tallies(out, mutants, true);
    buf_puts(out, "<h2>Who kills whom</h2><p>A row is a mutant, a column a scenario. Blue: an "
                  "invariant failed; orange: an expectation of the scenario did; grey: it stopped "
                  "at an assert, crashed or hung. Every cell, with its checks: matrix.csv.</p>");
    report_picture(out, mutants);
    report_killed(out, mutants);
    buf_puts(out, "<h2>Killed by unit tests</h2>");
    put_mutants(out, mutants, "Of what the simulator does not drive", MUTANT_TESTED);
    buf_puts(out, "</html>\n");
}
