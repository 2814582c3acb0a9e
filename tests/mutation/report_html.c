/* The three pages of the report: a summary, a matrix for other tools, a page for people. */
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

/* How much of "scenario/check" is the name to count: the scenario, or the kind of check. */
static const char *part_of(const char *check, bool scenario, size_t *length)
{
    size_t slash = strcspn(check, "/\t");
    if (scenario) {
        *length = slash;
        return check;
    }
    const char *kind = check + slash + (check[slash] == '/');
    *length = strcspn(kind, ". \t");
    if (strncmp(kind, "invariant.", 10) == 0) *length = strcspn(kind, " \t");
    return kind;
}

static void count_one(struct tallies *tallies, const struct mutant *mutant, bool scenario)
{
    struct tally *hit[64];
    size_t hits = 0;
    for (const char *at = mutant->checks; *at != '\0';) {
        size_t length = 0;
        const char *name = part_of(at, scenario, &length);
        struct tally *tally = tally_of(tallies, name, length);
        bool seen = tally == NULL;
        for (size_t i = 0; i < hits; i++)
            seen = seen || hit[i] == tally;
        if (!seen && hits < 64) hit[hits++] = tally;
        at += strcspn(at, "\t");
        at += *at == '\t';
    }
    for (size_t i = 0; i < hits; i++)
        hit[i]->kills++;
    if (hits == 1 && strcmp(mutant->how, "failed") == 0) hit[0]->alone++;
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
    for (size_t i = 0; i < mutants->count; i++) {
        if (mutants->items[i].end == MUTANT_KILLED) {
            count_one(tallies, &mutants->items[i], scenario);
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
        buf_printf(out, "\n| %s | kills | alone |\n|---|---|---|\n",
                   scenario == 1 ? "scenario" : "kind of check");
        for (size_t i = 0; i < tallies->count; i++) {
            buf_printf(out, "| %s | %zu | %zu |\n", tallies->items[i].name, tallies->items[i].kills,
                       tallies->items[i].alone);
        }
        tallies_destroy(tallies);
    }
}

static const char *const end_names[] = { "equivalent", "duplicate", "killed",
                                         "unit test",  "allowed",   "survived" };

static void put_csv(struct buf *out, const char *text)
{
    buf_putc(out, '"');
    for (; *text != '\0'; text++) {
        if (*text == '"') buf_putc(out, '"');
        buf_putc(out, *text == '\t' ? ';' : *text);
    }
    buf_putc(out, '"');
}

void report_matrix(struct buf *out, const struct mutants *mutants)
{
    buf_puts(out, "id,file,line,function,kind,original,replacement,end,how,killed by\n");
    for (size_t i = 0; i < mutants->count; i++) {
        const struct mutant *mutant = &mutants->items[i];
        buf_printf(out, "%u,%s,%u,%s,%s,", mutant->id, mutant->file, mutant->line, mutant->function,
                   mutant->kind);
        put_csv(out, mutant->original);
        buf_putc(out, ',');
        put_csv(out, mutant->replacement);
        buf_printf(out, ",%s,", end_names[mutant->end]);
        put_csv(out, mutant->how);
        buf_putc(out, ',');
        put_csv(out, mutant->end == MUTANT_ALLOWED ? mutant->reason : mutant->checks);
        buf_putc(out, '\n');
    }
}

static void put_html(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '<': buf_puts(out, "&lt;"); break;
        case '>': buf_puts(out, "&gt;"); break;
        case '&': buf_puts(out, "&amp;"); break;
        case '"': buf_puts(out, "&quot;"); break;
        default: buf_putc(out, *text);
        }
    }
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
    buf_printf(out, "<table><tr><th>%s<th>kills<th>alone</tr>",
               scenario ? "scenario" : "kind of check");
    for (size_t i = 0; i < tallies->count; i++) {
        buf_puts(out, "<tr>");
        put_cell(out, tallies->items[i].name);
        buf_printf(out, "<td>%zu<td>%zu</tr>", tallies->items[i].kills, tallies->items[i].alone);
    }
    buf_puts(out, "</table>");
    tallies_destroy(tallies);
}

static void put_mutants(struct buf *out, const struct mutants *mutants, const char *title,
                        enum mutant_end end)
{
    buf_printf(out, "<details%s><summary>%s (%zu)</summary><table>",
               end == MUTANT_SURVIVED ? " open" : "", title, count_end(mutants, end));
    for (size_t i = 0; i < mutants->count; i++) {
        const struct mutant *mutant = &mutants->items[i];
        if (mutant->end != end) continue;
        buf_printf(out, "<tr><td>%u<td>%s:%u<td>%s<td><del>", mutant->id, mutant->file,
                   mutant->line, mutant->function);
        put_html(out, mutant->original);
        buf_puts(out, "</del><br><ins>");
        put_html(out, mutant->kind[0] == 'd' ? "(left out)" : mutant->replacement);
        buf_puts(out, "</ins>");
        put_cell(out, end == MUTANT_ALLOWED ? mutant->reason : mutant->how);
        buf_puts(out, "</tr>");
    }
    buf_puts(out, "</table></details>");
}

void report_page(struct buf *out, const struct mutants *mutants)
{
    buf_puts(
        out,
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport "
        "content='width=device-width'><title>Mutation score</title><style>"
        ":root{color-scheme:light dark}body{font:15px/1.5 system-ui;margin:2rem auto;"
        "max-width:70rem;padding:0 1rem}table{border-collapse:collapse;margin:.5rem 0 1.5rem}"
        "td,th{border:1px solid #8884;padding:.2rem .6rem;text-align:left;vertical-align:top;"
        "overflow-wrap:anywhere}del{background:#f002;text-decoration:none}ins{background:#0a02;"
        "text-decoration:none}del,ins{font-family:monospace;font-size:13px}"
        "summary{cursor:pointer;font-weight:600}</style><h1>Mutation score</h1>"
        "<p>Each mutant is one small defect in runtime/core. It is killed when a scenario of "
        "the catalogue, simulated with it, fails one of its checks, stops at an assert, "
        "crashes or hangs.</p>");
    put_scores(out, mutants);
    put_mutants(out, mutants, "Survivors", MUTANT_SURVIVED);
    put_mutants(out, mutants, "Accepted", MUTANT_ALLOWED);
    buf_puts(out, "<h2>What kills</h2>");
    put_tallies(out, mutants, false);
    put_tallies(out, mutants, true);
    buf_puts(out, "<p>Which check of which scenario kills which mutant: matrix.csv.</p></html>\n");
}
