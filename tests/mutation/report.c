/* Joins the tables of ./dev mutate and writes its report.
 *
 * usage: mutants_report FOLDER ALLOW NOT_SIMULATED LEAST_PERMILLE LEAST_PERMILLE_UNITS
 * FOLDER holds points (tables from weave, named after the sources), same.tsv (id, the earlier id
 * with the same code, 0 for the original's), results.tsv (from mutants_runner) and units.tsv (id,
 * test). Written there: summary.md, matrix.csv, index.html. Exit codes: 0; 1 a survivor that ALLOW
 * does not name, or a score below its least; 2 usage.
 */
#include "report.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"

enum { TABLE_BYTES_MAX = 256 << 20, COLUMNS_MAX = 7, SCENARIOS_MAX = 1000, TEXTS_MAX = 500 };

/* Cuts a line at its tabs, into at most `max` parts; the last keeps its tabs. */
static size_t cut(char *line, char **parts, size_t max)
{
    size_t count = 0;
    for (;;) {
        parts[count++] = line;
        if (count == max) return count;
        line += strcspn(line, "\t");
        if (*line == '\0') return count;
        *line++ = '\0';
    }
}

/* Owned, to the end: the mutants point into them. */
static struct {
    char *items[TEXTS_MAX];
    size_t count;
} texts;

static char *keep(char *text)
{
    if (texts.count == TEXTS_MAX) {
        fputs("mutants_report: too many tables\n", stderr);
        exit(2);
    }
    texts.items[texts.count++] = text;
    return text;
}

static void mutants_deinit(struct mutants *mutants)
{
    for (size_t i = 0; i < texts.count; i++)
        mem_free(texts.items[i]);
    mem_free(mutants->scenarios);
    mem_free(mutants->items);
}

/* The file's text. NULL when it is not there. */
static char *table_read(const char *folder, const char *name)
{
    struct err_note note = { .err = ERR_OK };
    struct buf path;
    char *text = NULL;
    size_t length = 0;
    buf_init(&path, BUF_UNBOUNDED);
    buf_printf(&path, "%s%s%s", folder, folder[0] == '\0' ? "" : "/", name);
    enum err rc = file_read(buf_text(&path), TABLE_BYTES_MAX, &text, &length, &note);
    if (rc != ERR_OK) err_note_print(stderr, &note);
    buf_deinit(&path);
    return rc == ERR_OK ? keep(text) : NULL;
}

/* Calls `on_row` for each line that is neither empty nor a comment. */
static void each_row(char *text, struct mutants *mutants, const char *file,
                     void (*on_row)(struct mutants *mutants, const char *file, char *row))
{
    while (text != NULL && *text != '\0') {
        size_t length = strcspn(text, "\n");
        char *next = text + length + (text[length] == '\n');
        text[length] = '\0';
        if (text[0] != '\0' && text[0] != '#') on_row(mutants, file, text);
        text = next;
    }
}

static void on_point(struct mutants *mutants, const char *file, char *row)
{
    char *parts[COLUMNS_MAX];
    if (cut(row, parts, 6) < 6) return;
    if (mutants->count == mutants->capacity) {
        mutants->capacity = mutants->capacity == 0 ? 1024 : mutants->capacity * 2;
        mutants->items = mem_resize(mutants->items, mutants->capacity, sizeof *mutants->items);
    }
    mutants->items[mutants->count++] = (struct mutant){
        .id = (unsigned)strtoul(parts[0], NULL, 10),
        .file = file,
        .line = (unsigned)strtoul(parts[1], NULL, 10),
        .function = parts[2],
        .kind = parts[3],
        .original = parts[4],
        .replacement = parts[5],
        .end = MUTANT_SURVIVED,
        .simulated = true,
        .how = "",
        .test = "",
        .checks = "",
        .reason = "",
    };
}

static int by_id(const void *a, const void *b)
{
    const struct mutant *left = a;
    const struct mutant *right = b;
    return (left->id > right->id) - (left->id < right->id);
}

static struct mutant *find(struct mutants *mutants, const char *id)
{
    struct mutant key = { .id = (unsigned)strtoul(id, NULL, 10) };
    return bsearch(&key, mutants->items, mutants->count, sizeof key, by_id);
}

static void on_same(struct mutants *mutants, const char *file, char *row)
{
    (void)file;
    char *parts[2];
    if (cut(row, parts, 2) < 2) return;
    struct mutant *mutant = find(mutants, parts[0]);
    if (mutant == NULL) return;
    mutant->end = strcmp(parts[1], "0") == 0 ? MUTANT_EQUIVALENT : MUTANT_DUPLICATE;
}

/* "first" or "all", and the names of the scenarios. */
static void on_head(struct mutants *mutants, char *row)
{
    char *parts[SCENARIOS_MAX];
    size_t count = cut(row, parts, SCENARIOS_MAX);
    mutants->first = strcmp(parts[0], "first") == 0;
    mutants->scenario_count = count - 1;
    mutants->scenarios = mem_alloc(count, sizeof *mutants->scenarios);
    memcpy(mutants->scenarios, &parts[1], (count - 1) * sizeof parts[0]);
}

static void on_result(struct mutants *mutants, const char *file, char *row)
{
    (void)file;
    char *parts[3];
    if (strncmp(row, "0\t", 2) == 0) {
        on_head(mutants, row + 2);
        return;
    }
    size_t count = cut(row, parts, 3);
    struct mutant *mutant = count < 2 ? NULL : find(mutants, parts[0]);
    if (mutant == NULL || strcmp(parts[1], "survived") == 0) return;
    mutant->how = parts[1];
    if (strcmp(parts[1], "changed") == 0) return; /* no check said so */
    mutant->end = MUTANT_KILLED;
    mutant->checks = count == 3 ? parts[2] : "";
}

static void on_unit(struct mutants *mutants, const char *file, char *row)
{
    (void)file;
    char *parts[2];
    if (cut(row, parts, 2) < 2) return;
    struct mutant *mutant = find(mutants, parts[0]);
    if (mutant == NULL || mutant->end != MUTANT_SURVIVED) return;
    mutant->test = parts[1];
    if (!mutant->simulated) mutant->end = MUTANT_TESTED; /* else the catalogue should know it */
}

static bool matches(const char *pattern, const char *text)
{
    return strcmp(pattern, "*") == 0 || strcmp(pattern, text) == 0;
}

/* file, function, original, replacement, reason; a star stands for all. */
static void on_allow(struct mutants *mutants, const char *file, char *row)
{
    (void)file;
    char *parts[5];
    bool used = false;
    bool needed = false;
    if (cut(row, parts, 5) < 5) {
        fprintf(stderr, "mutants.allow: \"%s\" has not five columns\n", row);
        exit(2);
    }
    for (size_t i = 0; i < mutants->count; i++) {
        struct mutant *mutant = &mutants->items[i];
        if (strcmp(parts[0], mutant->file) != 0 || !matches(parts[1], mutant->function)) continue;
        if (!matches(parts[2], mutant->original)) continue;
        if (!matches(parts[3], mutant->replacement)) continue;
        used = true;
        if (mutant->end != MUTANT_SURVIVED) continue;
        mutant->end = MUTANT_ALLOWED;
        mutant->reason = parts[4];
        needed = true;
    }
    if (!needed) {
        fprintf(stderr, "mutants.allow: no %s is like %s %s: %s -> %s; remove the row\n",
                used ? "survivor" : "mutant", parts[0], parts[1], parts[2], parts[3]);
    }
}

/* file, function, original, reason; a star stands for all. */
static void on_not_simulated(struct mutants *mutants, const char *file, char *row)
{
    (void)file;
    char *parts[4];
    bool used = false;
    if (cut(row, parts, 4) < 4) {
        fprintf(stderr, "not_simulated.tsv: \"%s\" has not four columns\n", row);
        exit(2);
    }
    for (size_t i = 0; i < mutants->count; i++) {
        struct mutant *mutant = &mutants->items[i];
        if (strcmp(parts[0], mutant->file) != 0 || !matches(parts[1], mutant->function)) continue;
        if (!matches(parts[2], mutant->original)) continue;
        used = true;
        mutant->simulated = false;
    }
    if (!used) {
        fprintf(stderr, "not_simulated.tsv: no mutant is like %s %s: %s; remove the row\n",
                parts[0], parts[1], parts[2]);
    }
}

static void read_points(struct mutants *mutants, const char *folder)
{
    struct buf path;
    buf_init(&path, BUF_UNBOUNDED);
    buf_printf(&path, "%s/points", folder);
    struct dirent **names = NULL;
    int names_count = scandir(buf_text(&path), &names, NULL, alphasort);
    for (int i = 0; i < names_count; i++) {
        (void)keep((char *)names[i]);
        size_t length = strlen(names[i]->d_name);
        if (length < 5 || strcmp(&names[i]->d_name[length - 4], ".tsv") != 0) continue;
        char *text = table_read(buf_text(&path), names[i]->d_name);
        char *file = keep(mem_copy_string(names[i]->d_name));
        memcpy(&file[length - 4], ".c", 3);
        each_row(text, mutants, file, on_point);
    }
    free(names);
    buf_deinit(&path);
    if (mutants->count > 0) qsort(mutants->items, mutants->count, sizeof *mutants->items, by_id);
}

static int write_file(const char *folder, const char *name, const struct mutants *mutants,
                      void (*write)(struct buf *out, const struct mutants *mutants))
{
    struct err_note note = { .err = ERR_OK };
    struct buf path;
    struct buf text;
    buf_init(&path, BUF_UNBOUNDED);
    buf_init(&text, BUF_UNBOUNDED);
    buf_printf(&path, "%s/%s", folder, name);
    write(&text, mutants);
    enum err rc = file_write(buf_text(&path), buf_text(&text), text.length, &note);
    if (rc != ERR_OK) err_note_print(stderr, &note);
    buf_deinit(&text);
    buf_deinit(&path);
    return rc == ERR_OK ? 0 : 2;
}

/* Names those that nobody accepted; how many. */
static size_t tell_survivors(const struct mutants *mutants)
{
    size_t fresh = 0;
    for (size_t i = 0; i < mutants->count; i++) {
        const struct mutant *mutant = &mutants->items[i];
        if (mutant->end != MUTANT_SURVIVED) continue;
        fresh++;
        fprintf(stderr, "runtime/core/%s:%u: survivor %u in %s (%s): %s -> %s%s%s%s\n",
                mutant->file, mutant->line, mutant->id, mutant->function, mutant->kind,
                mutant->original, mutant->replacement,
                mutant->how[0] == '\0' ? "" : "; runs differ, but every check passes",
                mutant->test[0] == '\0' ? "" : "; killed by ", mutant->test);
    }
    return fresh;
}

/* Says how it went; the exit code. */
static int judge(const struct mutants *mutants, char **argv)
{
    size_t fresh = tell_survivors(mutants);
    struct score score = mutants_score(mutants, true, NULL);
    struct score rest = mutants_score(mutants, false, NULL);
    printf("mutation score: %u.%u %% of %zu mutants killed by the catalogue; %u.%u %% of %zu of "
           "what the simulator does not drive killed by unit tests; %zu survivors not "
           "accepted\n",
           score_permille(score) / 10, score_permille(score) % 10, score.counted,
           score_permille(rest) / 10, score_permille(rest) % 10, rest.counted, fresh);
    if (fresh > 0) {
        fputs("write a scenario, an expectation or a test that kills each, or a row with a reason "
              "in tests/mutation/mutants.allow\n",
              stderr);
    }
    bool low = score_permille(score) < strtoul(argv[4], NULL, 10) ||
               score_permille(rest) < strtoul(argv[5], NULL, 10);
    return fresh > 0 || low ? 1 : 0;
}

int main(int argc, char **argv)
{
    struct mutants mutants = { .items = NULL };
    if (argc < 6) {
        fputs("usage: mutants_report FOLDER ALLOW NOT_SIMULATED LEAST_PERMILLE "
              "LEAST_PERMILLE_UNITS\n",
              stderr);
        return 2;
    }
    const char *folder = argv[1];
    read_points(&mutants, folder);
    each_row(table_read("", argv[3]), &mutants, NULL, on_not_simulated);
    each_row(table_read(folder, "same.tsv"), &mutants, NULL, on_same);
    each_row(table_read(folder, "results.tsv"), &mutants, NULL, on_result);
    each_row(table_read(folder, "units.tsv"), &mutants, NULL, on_unit);
    each_row(table_read("", argv[2]), &mutants, NULL, on_allow);
    int code = write_file(folder, "summary.md", &mutants, report_summary);
    if (code == 0) code = write_file(folder, "matrix.csv", &mutants, report_matrix);
    if (code == 0) code = write_file(folder, "index.html", &mutants, report_page);
    if (code == 0) code = judge(&mutants, argv);
    mutants_deinit(&mutants);
    return code;
}
