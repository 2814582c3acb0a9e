/* Weaves all mutants of one source into one file: each is a branch that is taken when its number is
 * the one in force, so that the program is compiled once and a mutant costs a run, not a build.
 *
 *     a < b   ->   (MUTANT(17) ? (a <= b) : (MUTANT(18) ? (a >= b) : (a < b)))
 *
 * usage: weave SOURCE RESILIENCE.tsv OUT.c OUT.tsv FIRST_ID COMPILER_ARGUMENT ...
 * OUT.tsv: id, line, function, kind, original, replacement. With -DMUTANT_FIXED=17 the compiler
 * sees one mutant alone. */
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "points.h"

enum { SOURCE_BYTES_MAX = 1 << 20 };

static const char PRELUDE[] = "#ifdef MUTANT_FIXED\n"
                              "#define MUTANT(id) ((id) == MUTANT_FIXED)\n"
                              "#else\n"
                              "extern unsigned mutant_in_force;\n"
                              "#define MUTANT(id) (mutant_in_force == (id))\n"
                              "#endif\n";

static void open_branch(struct buf *out, const struct point *point)
{
    switch (point->kind) {
    case POINT_DELETION: buf_printf(out, "(MUTANT(%u) ? (void)0 : (void)(", point->id); return;
    case POINT_CONDITION:
        buf_printf(out, "(MUTANT(%u) ? %s : !!(", point->id, point->replacement);
        return;
    case POINT_RESILIENCE:
    case POINT_RETURN:
    case POINT_LOGICAL:
    case POINT_RELATIONAL:
    case POINT_ARITHMETIC:
    case POINT_CONSTANT:
        buf_printf(out, "(MUTANT(%u) ? (%s) : (", point->id, point->replacement);
        return;
    }
}

/* The source's bytes [from, to), with the points from *next on that lie in it. */
static void weave(struct buf *out, const char *source, const struct points *points, size_t *next,
                  size_t from, size_t to)
{
    while (*next < points->count && points->items[*next].begin < to) {
        const struct point *first = &points->items[*next];
        buf_put(out, &source[from], first->begin - from);
        size_t count = 0;
        for (; *next < points->count; (*next)++, count++) {
            const struct point *point = &points->items[*next];
            if (point->begin != first->begin || point->end != first->end) break;
            open_branch(out, point);
        }
        weave(out, source, points, next, first->begin, first->end);
        for (size_t i = 0; i < count; i++)
            buf_puts(out, "))");
        from = first->end;
    }
    buf_put(out, &source[from], to - from);
}

static void list(struct buf *out, const char *source, const struct points *points)
{
    for (size_t i = 0; i < points->count; i++) {
        const struct point *point = &points->items[i];
        buf_printf(out, "%u\t%u\t%s\t%s\t", point->id, point->line, point->function,
                   point_kind_name(point->kind));
        for (size_t at = point->begin; at < point->end; at++)
            buf_putc(out, source[at] == '\n' || source[at] == '\t' ? ' ' : source[at]);
        buf_printf(out, "\t%s\n", point->replacement);
    }
}

enum { ARG_SOURCE = 1, ARG_RESILIENCE, ARG_OUT, ARG_LIST, ARG_FIRST_ID, ARG_COMPILER };

static enum err write_all(char **argv, const char *source, size_t length,
                          const struct points *points, struct err_note *note)
{
    struct buf woven;
    struct buf rows;
    size_t next = 0;
    buf_init(&woven, BUF_UNBOUNDED);
    buf_init(&rows, BUF_UNBOUNDED);
    buf_printf(&woven, "%s#line 1 \"%s\"\n", PRELUDE, argv[ARG_SOURCE]);
    weave(&woven, source, points, &next, 0, length);
    list(&rows, source, points);
    enum err rc = file_write(argv[ARG_LIST], buf_text(&rows), rows.length, note);
    if (rc == ERR_OK) rc = file_write(argv[ARG_OUT], buf_text(&woven), woven.length, note);
    buf_deinit(&rows);
    buf_deinit(&woven);
    return rc;
}

int main(int argc, char **argv)
{
    struct err_note note = { .err = ERR_OK };
    struct points points = { .items = NULL };
    char *source = NULL;
    char *resilience = NULL;
    size_t length = 0;
    size_t unused = 0;
    if (argc < ARG_COMPILER) {
        fputs("usage: weave SOURCE RESILIENCE.tsv OUT.c OUT.tsv FIRST_ID COMPILER_ARGUMENT ...\n",
              stderr);
        return 2;
    }
    enum err rc = file_read(argv[ARG_SOURCE], SOURCE_BYTES_MAX, &source, &length, &note);
    if (rc == ERR_OK) {
        rc = file_read(argv[ARG_RESILIENCE], SOURCE_BYTES_MAX, &resilience, &unused, &note);
    }
    int code = 2;
    if (rc == ERR_OK) {
        const struct points_input input = {
            .path = argv[ARG_SOURCE],
            .source = source,
            .arguments = (const char *const *)&argv[ARG_COMPILER],
            .argument_count = argc - ARG_COMPILER,
            .resilience = resilience,
            .first_id = (unsigned)strtoul(argv[ARG_FIRST_ID], NULL, 10),
        };
        if (points_find(&input, &points) == 0) {
            rc = write_all(argv, source, length, &points, &note);
            if (rc == ERR_OK) code = 0;
        }
    }
    if (rc != ERR_OK) err_note_print(stderr, &note);
    points_deinit(&points);
    mem_free(resilience);
    mem_free(source);
    return code;
}
