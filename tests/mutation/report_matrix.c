/* Who kills whom: the matrix as a table for other tools, as a picture, and mutant by mutant. */
#include <string.h>

#include "report.h"

bool kill_next(const struct mutants *mutants, const char **at, struct kill *out)
{
    if (**at == '\0') return false;
    const char *text = *at;
    size_t length = strcspn(text, "\t");
    const char *slash = memchr(text, '/', length);
    if (slash == NULL) slash = text + length;
    *out = (struct kill){ .scenario = text, .scenario_length = (size_t)(slash - text) };
    out->check = slash + (slash < text + length);
    out->check_length = (size_t)(text + length - out->check);
    for (; out->index < mutants->scenario_count; out->index++) {
        const char *name = mutants->scenarios[out->index];
        if (strncmp(name, text, out->scenario_length) != 0) continue;
        if (name[out->scenario_length] == '\0') break;
    }
    *at = text + length + (text[length] == '\t');
    return true;
}

static const char *const end_names[] = { "equivalent", "duplicate", "killed",
                                         "unit test",  "allowed",   "survived" };

static void put_csv(struct buf *out, const char *text)
{
    buf_putc(out, '"');
    for (; *text != '\0'; text++) {
        if (*text == '"') buf_putc(out, '"');
        buf_putc(out, *text);
    }
    buf_putc(out, '"');
}

/* One cell per scenario: the checks that failed there. */
static void put_kills(struct buf *out, const struct mutants *mutants, const struct mutant *mutant)
{
    for (size_t i = 0; i < mutants->scenario_count; i++) {
        const char *at = mutant->checks;
        struct kill kill;
        bool some = false;
        buf_putc(out, ',');
        while (kill_next(mutants, &at, &kill)) {
            if (kill.index != i) continue;
            buf_putc(out, some ? ';' : '"');
            buf_put(out, kill.check, kill.check_length);
            some = true;
        }
        if (some) buf_putc(out, '"');
    }
}

void report_matrix(struct buf *out, const struct mutants *mutants)
{
    buf_puts(out, "id,file,line,function,kind,original,replacement,end,how,unit test,reason");
    for (size_t i = 0; i < mutants->scenario_count; i++)
        buf_printf(out, ",%s", mutants->scenarios[i]);
    buf_putc(out, '\n');
    for (size_t i = 0; i < mutants->count; i++) {
        const struct mutant *mutant = &mutants->items[i];
        buf_printf(out, "%u,%s,%u,%s,%s,", mutant->id, mutant->file, mutant->line, mutant->function,
                   mutant->kind);
        put_csv(out, mutant->original);
        buf_putc(out, ',');
        put_csv(out, mutant->replacement);
        buf_printf(out, ",%s,%s,%s,", end_names[mutant->end], mutant->how, mutant->test);
        put_csv(out, mutant->reason);
        put_kills(out, mutants, mutant);
        buf_putc(out, '\n');
    }
}

/* The picture: a row of two pixels per mutant, a column of ten per scenario. */
enum { ROW = 2, COLUMN = 10, LEFT = 150, TOP = 190 };

enum colour { COLOUR_INVARIANT, COLOUR_EXPECTATION, COLOUR_STOP, COLOUR_COUNT };

static const char *const colours[] = { "#3b6fb6", "#d9822b", "#7a7a7a" };

static bool has_word(const struct kill *kill, const char *word)
{
    return kill->check_length == strlen(word) &&
           strncmp(kill->check, word, kill->check_length) == 0;
}

static enum colour colour_of(const struct kill *kill)
{
    if (has_word(kill, "assert") || has_word(kill, "crash") || has_word(kill, "hang")) {
        return COLOUR_STOP;
    }
    return strncmp(kill->check, "invariant.", 10) == 0 ? COLOUR_INVARIANT : COLOUR_EXPECTATION;
}

/* All cells of one colour are one path: a page of a hundred thousand elements would be slow. An
 * expectation is drawn over an invariant that failed beside it. */
static void put_cells(struct buf *out, const struct mutants *mutants, enum colour colour)
{
    size_t row = 0;
    buf_printf(out, "<path stroke='%s' stroke-width=%d d='", colours[colour], ROW);
    for (size_t i = 0; i < mutants->count; i++) {
        const struct mutant *mutant = &mutants->items[i];
        if (mutant->end != MUTANT_KILLED) continue;
        const char *at = mutant->checks;
        size_t last = mutants->scenario_count;
        struct kill kill;
        while (kill_next(mutants, &at, &kill)) {
            if (colour_of(&kill) != colour || kill.index == last) continue;
            last = kill.index;
            buf_printf(out, "M%zu %zuh%d", LEFT + last * COLUMN, TOP + row * ROW + ROW / 2,
                       COLUMN - 1);
        }
        row++;
    }
    buf_puts(out, "'/>");
}

/* The files' names, each at its first row, and a line above it. */
static size_t put_row_names(struct buf *out, const struct mutants *mutants)
{
    const char *file = "";
    size_t rows = 0;
    size_t named = 0; /* where the last name stands: two must not meet */
    for (size_t i = 0; i < mutants->count; i++) {
        const struct mutant *mutant = &mutants->items[i];
        if (mutant->end != MUTANT_KILLED) continue;
        if (strcmp(file, mutant->file) != 0) {
            file = mutant->file;
            size_t line = TOP + rows * ROW;
            named = line > named + 12 ? line : named + 12;
            buf_printf(out, "<path class=rule d='M0 %zuH%zu'/><text x=0 y=%zu>%s</text>", line,
                       LEFT + mutants->scenario_count * COLUMN, named + 11, file);
        }
        rows++;
    }
    return rows;
}

void report_picture(struct buf *out, const struct mutants *mutants)
{
    struct buf names;
    buf_init(&names, BUF_UNBOUNDED);
    size_t rows = put_row_names(&names, mutants);
    buf_printf(out, "<div class=wide><svg width=%zu height=%zu role=img aria-label='kill matrix'>",
               LEFT + mutants->scenario_count * COLUMN + ROW, TOP + rows * ROW + 8);
    for (size_t i = 0; i < mutants->scenario_count; i++) {
        size_t x = LEFT + i * COLUMN + COLUMN - 2;
        buf_printf(out, "<text transform='translate(%zu %d) rotate(-90)'>%s</text>", x, TOP - 4,
                   mutants->scenarios[i]);
    }
    buf_put(out, buf_text(&names), names.length);
    for (int colour = 0; colour < COLOUR_COUNT; colour++)
        put_cells(out, mutants, (enum colour)colour);
    buf_puts(out, "</svg></div>");
    buf_deinit(&names);
}

/* Which checks of which scenarios, the first of them. */
static void put_killers(struct buf *out, const struct mutants *mutants, const struct mutant *mutant)
{
    enum { SHOWN = 5 };
    const char *at = mutant->checks;
    struct kill kill;
    size_t count = 0;
    while (kill_next(mutants, &at, &kill)) {
        if (count++ >= SHOWN) continue;
        if (count > 1) buf_puts(out, "<br>");
        report_html_text(out, kill.scenario, kill.scenario_length);
        buf_puts(out, ": ");
        report_html_text(out, kill.check, kill.check_length);
    }
    if (count > SHOWN) buf_printf(out, "<br>and %zu more", count - SHOWN);
}

void report_killed(struct buf *out, const struct mutants *mutants)
{
    const char *file = "";
    for (size_t i = 0; i < mutants->count; i++) {
        const struct mutant *mutant = &mutants->items[i];
        if (mutant->end != MUTANT_KILLED) continue;
        if (strcmp(file, mutant->file) != 0) {
            if (file[0] != '\0') buf_puts(out, "</table></details>");
            file = mutant->file;
            buf_printf(out, "<details><summary>%s</summary><table>", file);
        }
        report_diff(out, mutant);
        buf_puts(out, "<td>");
        put_killers(out, mutants, mutant);
        buf_puts(out, "</tr>");
    }
    if (file[0] != '\0') buf_puts(out, "</table></details>");
}
