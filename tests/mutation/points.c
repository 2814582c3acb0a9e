#include "points.h"

#include <clang-c/Index.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static const char *const kind_names[] = {
#define POINT_NAME(name, text) text,
    POINT_KIND_LIST(POINT_NAME)
#undef POINT_NAME
};

const char *point_kind_name(enum point_kind kind)
{
    return kind_names[kind];
}

/* What a walk knows of the place it is at. */
struct place {
    struct points *points;
    const char *source;
    const char *function;
    enum CXCursorKind parent;
    unsigned child; /* index among the parent's children */
};

struct range {
    size_t begin, end;
    unsigned line;
};

/* False for what is an argument of a macro: it may stand in several places there. */
static bool range_of(CXCursor cursor, struct range *out)
{
    CXSourceRange extent = clang_getCursorExtent(cursor);
    CXSourceLocation start = clang_getRangeStart(extent);
    unsigned begin = 0;
    unsigned end = 0;
    unsigned written = 0;
    unsigned line = 0;
    clang_getExpansionLocation(start, NULL, &line, NULL, &begin);
    clang_getSpellingLocation(start, NULL, NULL, NULL, &written);
    clang_getExpansionLocation(clang_getRangeEnd(extent), NULL, NULL, NULL, &end);
    *out = (struct range){ begin, end, line };
    return begin == written && begin < end;
}

/* `length` bytes as text on one line. */
static char *flat_copy(const char *text, size_t length)
{
    char *copy = mem_alloc(length + 1, 1);
    for (size_t i = 0; i < length; i++)
        copy[i] = text[i] == '\n' ? ' ' : text[i];
    copy[length] = '\0';
    return copy;
}

static void add(const struct place *place, enum point_kind kind, const struct range *range,
                const char *format, const char *text)
{
    struct points *points = place->points;
    if (points->count == points->capacity) {
        points->capacity = points->capacity == 0 ? 64 : points->capacity * 2;
        points->items = mem_resize(points->items, points->capacity, sizeof *points->items);
    }
    char *flat = flat_copy(&place->source[range->begin], range->end - range->begin);
    size_t bytes = strlen(format) + strlen(flat) + strlen(text) + 1;
    char *replacement = mem_alloc(bytes, 1);
    /* "%o" is the original, "%t" the text. */
    size_t at = 0;
    for (const char *c = format; *c != '\0'; c++) {
        const char *part = NULL;
        if (c[0] == '%') part = c[1] == 'o' ? flat : text;
        if (part == NULL) {
            replacement[at++] = *c;
            continue;
        }
        memcpy(&replacement[at], part, strlen(part));
        at += strlen(part);
        c++;
    }
    replacement[at] = '\0';
    mem_free(flat);
    points->items[points->count++] = (struct point){
        .kind = kind,
        .begin = range->begin,
        .end = range->end,
        .line = range->line,
        .function = mem_copy_string(place->function),
        .replacement = replacement,
    };
}

struct children {
    CXCursor items[3]; /* the first ones */
    unsigned count;    /* all */
};

static enum CXChildVisitResult keep_child(CXCursor cursor, CXCursor parent, CXClientData data)
{
    (void)parent;
    struct children *children = data;
    if (children->count < 3) children->items[children->count] = cursor;
    children->count++;
    return CXChildVisit_Continue;
}

struct swap {
    const char *from;
    const char *to[2];
    enum point_kind kind;
    bool unary;
};

/* To add an operator: one row. */
static const struct swap swaps[] = {
    { "<", { "<=", ">=" }, POINT_RELATIONAL, false },
    { "<=", { "<", ">" }, POINT_RELATIONAL, false },
    { ">", { ">=", "<=" }, POINT_RELATIONAL, false },
    { ">=", { ">", "<" }, POINT_RELATIONAL, false },
    { "==", { "!=", NULL }, POINT_RELATIONAL, false },
    { "!=", { "==", NULL }, POINT_RELATIONAL, false },
    { "&&", { "||", NULL }, POINT_LOGICAL, false },
    { "||", { "&&", NULL }, POINT_LOGICAL, false },
    { "+", { "-", NULL }, POINT_ARITHMETIC, false },
    { "-", { "+", NULL }, POINT_ARITHMETIC, false },
    { "*", { "/", NULL }, POINT_ARITHMETIC, false },
    { "/", { "*", NULL }, POINT_ARITHMETIC, false },
    { "%", { "*", NULL }, POINT_ARITHMETIC, false },
    { "<<", { ">>", NULL }, POINT_ARITHMETIC, false },
    { ">>", { "<<", NULL }, POINT_ARITHMETIC, false },
    { "&", { "|", NULL }, POINT_ARITHMETIC, false },
    { "|", { "&", NULL }, POINT_ARITHMETIC, false },
    { "+=", { "-=", NULL }, POINT_ARITHMETIC, false },
    { "-=", { "+=", NULL }, POINT_ARITHMETIC, false },
    { "*=", { "/=", NULL }, POINT_ARITHMETIC, false },
    { "/=", { "*=", NULL }, POINT_ARITHMETIC, false },
    { "|=", { "&=", NULL }, POINT_ARITHMETIC, false },
    { "&=", { "|=", NULL }, POINT_ARITHMETIC, false },
    { "++", { "--", NULL }, POINT_ARITHMETIC, true },
    { "--", { "++", NULL }, POINT_ARITHMETIC, true },
    { "!", { "", NULL }, POINT_LOGICAL, true },
};

/* The operator stands at [begin, end) of the source, perhaps among blanks. */
static void add_swaps(const struct place *place, const struct range *whole, struct range sign,
                      bool unary)
{
    size_t begin = sign.begin;
    size_t end = sign.end;
    while (begin < end && strchr(" \n\t", place->source[begin]) != NULL)
        begin++;
    while (end > begin && strchr(" \n\t", place->source[end - 1]) != NULL)
        end--;
    for (size_t i = 0; i < sizeof swaps / sizeof swaps[0]; i++) {
        const struct swap *swap = &swaps[i];
        size_t length = strlen(swap->from);
        if (swap->unary != unary || length != end - begin ||
            memcmp(&place->source[begin], swap->from, length) != 0) {
            continue;
        }
        for (int j = 0; j < 2 && swap->to[j] != NULL; j++) {
            char *left = flat_copy(&place->source[whole->begin], begin - whole->begin);
            char *right = flat_copy(&place->source[end], whole->end - end);
            size_t bytes = strlen(left) + strlen(swap->to[j]) + strlen(right) + 1;
            char *text = mem_alloc(bytes, 1);
            snprintf(text, bytes, "%s%s%s", left, swap->to[j], right);
            add(place, swap->kind, whole, "%t", text);
            mem_free(left);
            mem_free(right);
            mem_free(text);
        }
    }
}

static void add_operator(const struct place *place, CXCursor cursor, const struct range *range)
{
    struct children children = { .count = 0 };
    struct range first;
    struct range second;
    clang_visitChildren(cursor, keep_child, &children);
    if (children.count == 2 && range_of(children.items[0], &first)) {
        unsigned begin = 0;
        CXSourceRange extent = clang_getCursorExtent(children.items[1]);
        clang_getExpansionLocation(clang_getRangeStart(extent), NULL, NULL, NULL, &begin);
        /* The distance of two pointers has no sum. */
        bool pointer =
            clang_getCanonicalType(clang_getCursorType(children.items[1])).kind == CXType_Pointer &&
            clang_getCanonicalType(clang_getCursorType(cursor)).kind != CXType_Int;
        if (first.end < begin && !pointer) {
            add_swaps(place, range, (struct range){ first.end, begin, 0 }, false);
        }
    } else if (children.count == 1 && range_of(children.items[0], &second)) {
        bool prefix = second.begin > range->begin;
        struct range sign = { prefix ? range->begin : second.end,
                              prefix ? second.begin : range->end, 0 };
        add_swaps(place, range, sign, true);
    }
}

static void add_constant(const struct place *place, const struct range *range)
{
    char *end = NULL;
    unsigned long long value = strtoull(&place->source[range->begin], &end, 0);
    if (end == &place->source[range->begin]) return;
    add(place, POINT_CONSTANT, range, "(%o + 1)", "");
    if (value > 0) add(place, POINT_CONSTANT, range, "(%o - 1)", "");
}

static bool is_whole_number(CXType type)
{
    enum CXTypeKind kind = clang_getCanonicalType(type).kind;
    return kind == CXType_Enum || (kind >= CXType_Bool && kind <= CXType_Int128);
}

static void add_return(const struct place *place, CXCursor cursor, const struct range *range)
{
    CXType type = clang_getCanonicalType(clang_getCursorType(cursor));
    if (!is_whole_number(type)) return;
    const char *text = &place->source[range->begin];
    size_t length = range->end - range->begin;
    if (type.kind == CXType_Bool) {
        add(place, POINT_RETURN, range, "!(%o)", "");
    } else if (type.kind != CXType_Enum) {
        if (length != 1 || text[0] != '0') add(place, POINT_RETURN, range, "0", "");
        add(place, POINT_RETURN, range, "((%o) + 1)", "");
    } else {
        add(place, POINT_RETURN, range, "0", "");
        add(place, POINT_RETURN, range, "1", "");
    }
}

/* Whether an expression here is a statement of its own. */
static bool is_statement(const struct place *place)
{
    switch ((int)place->parent) {
    case CXCursor_CompoundStmt:
    case CXCursor_DefaultStmt: return true;
    case CXCursor_CaseStmt:
    case CXCursor_IfStmt:
    case CXCursor_WhileStmt: return place->child > 0;
    default: return false;
    }
}

static bool is_condition(const struct place *place)
{
    switch ((int)place->parent) {
    case CXCursor_IfStmt:
    case CXCursor_WhileStmt:
    case CXCursor_ConditionalOperator: return place->child == 0;
    default: return false;
    }
}

static void add_points(const struct place *place, CXCursor cursor)
{
    struct range range;
    enum CXCursorKind kind = clang_getCursorKind(cursor);
    if (!clang_isExpression(kind) || !range_of(cursor, &range)) return;
    if (strncmp(&place->source[range.begin], "assert(", 7) == 0) return;
    bool assigns = kind == CXCursor_CallExpr || kind == CXCursor_CompoundAssignOperator ||
                   kind == CXCursor_BinaryOperator || kind == CXCursor_UnaryOperator;
    if (is_statement(place) && assigns) add(place, POINT_DELETION, &range, "(void)0", "");
    if (is_condition(place)) {
        add(place, POINT_CONDITION, &range, "1", "");
        add(place, POINT_CONDITION, &range, "0", "");
    }
    if (place->parent == CXCursor_ReturnStmt) add_return(place, cursor, &range);
    switch ((int)kind) {
    case CXCursor_BinaryOperator:
    case CXCursor_CompoundAssignOperator:
    case CXCursor_UnaryOperator: add_operator(place, cursor, &range); break;
    case CXCursor_IntegerLiteral: add_constant(place, &range); break;
    default: break;
    }
}

/* What must stay a constant for the compiler. */
static bool is_fixed(const struct place *place, CXCursor cursor)
{
    enum CXCursorKind kind = clang_getCursorKind(cursor);
    if (kind == CXCursor_UnaryExpr || kind == CXCursor_EnumDecl) return true; /* sizeof */
    if (kind == CXCursor_StaticAssert) return true;
    if (place->parent == CXCursor_CaseStmt && place->child == 0) return true;
    if (kind == CXCursor_VarDecl) return clang_Cursor_getStorageClass(cursor) == CX_SC_Static;
    return false;
}

static enum CXChildVisitResult walk(CXCursor cursor, CXCursor parent, CXClientData data)
{
    struct place *above = data;
    enum CXCursorKind kind = clang_getCursorKind(cursor);
    above->parent = clang_getCursorKind(parent);
    if (!is_fixed(above, cursor)) {
        bool size = above->parent == CXCursor_VarDecl && kind != CXCursor_InitListExpr &&
                    clang_getArraySize(clang_getCursorType(parent)) >= 0;
        if (!size) {
            struct place below = *above;
            below.child = 0;
            add_points(above, cursor);
            clang_visitChildren(cursor, walk, &below);
        }
    }
    above->child++;
    return CXChildVisit_Continue;
}

static enum CXChildVisitResult on_top_level(CXCursor cursor, CXCursor parent, CXClientData data)
{
    (void)parent;
    struct place place = *(struct place *)data;
    if (!clang_Location_isFromMainFile(clang_getCursorLocation(cursor))) {
        return CXChildVisit_Continue;
    }
    if (clang_getCursorKind(cursor) != CXCursor_FunctionDecl) return CXChildVisit_Continue;
    CXString name = clang_getCursorSpelling(cursor);
    place.function = clang_getCString(name);
    clang_visitChildren(cursor, walk, &place);
    clang_disposeString(name);
    return CXChildVisit_Continue;
}

/* The outer before the inner, so that weaving is one walk. */
static int compare(const void *a, const void *b)
{
    const struct point *left = a;
    const struct point *right = b;
    if (left->begin != right->begin) return left->begin < right->begin ? -1 : 1;
    if (left->end != right->end) return left->end > right->end ? -1 : 1;
    if (left->kind != right->kind) return left->kind < right->kind ? -1 : 1;
    return strcmp(left->replacement, right->replacement);
}

/* One row of resilience.tsv, cut into its columns. */
enum { ROW_NAME, ROW_FILE, ROW_ORIGINAL, ROW_REPLACEMENT, ROW_COLUMNS };

static bool cut_row(char *row, char *columns[ROW_COLUMNS])
{
    for (int i = 0; i < ROW_COLUMNS; i++) {
        columns[i] = row;
        row += strcspn(row, "\t");
        if (*row == '\0' && i + 1 < ROW_COLUMNS) return false;
        *row++ = '\0';
    }
    return true;
}

static unsigned line_at(const char *source, size_t offset)
{
    unsigned line = 1;
    for (size_t i = 0; i < offset; i++)
        line += source[i] == '\n';
    return line;
}

/* False, with a sentence, when the row's original is not there. */
static bool add_resilience(struct place *place, const char *path, char *columns[ROW_COLUMNS])
{
    size_t length = strlen(path);
    size_t suffix = strcspn(columns[ROW_FILE], "#");
    if (length <= suffix || path[length - suffix - 1] != '/') return true;
    if (strncmp(path + length - suffix, columns[ROW_FILE], suffix) != 0) return true;
    const char *which = columns[ROW_FILE] + suffix;
    unsigned long number = *which == '#' ? strtoul(which + 1, NULL, 10) : 1;
    const char *at = strstr(place->source, columns[ROW_ORIGINAL]);
    for (unsigned long i = 1; i < number && at != NULL; i++)
        at = strstr(at + 1, columns[ROW_ORIGINAL]);
    if (at == NULL) {
        fprintf(stderr,
                "resilience.tsv: %s: \"%s\" is not in %s; the code moved on, mend the row\n",
                columns[ROW_NAME], columns[ROW_ORIGINAL], columns[ROW_FILE]);
        return false;
    }
    struct range range = { .begin = (size_t)(at - place->source) };
    range.end = range.begin + strlen(columns[ROW_ORIGINAL]);
    range.line = line_at(place->source, range.begin);
    place->function = columns[ROW_NAME];
    add(place, POINT_RESILIENCE, &range, "%t", columns[ROW_REPLACEMENT]);
    return true;
}

static bool add_all_resilience(struct place *place, const struct points_input *input)
{
    char *text = mem_copy_string(input->resilience);
    bool good = true;
    for (char *row = text; good && *row != '\0';) {
        char *columns[ROW_COLUMNS];
        size_t length = strcspn(row, "\n");
        char *next = row + length + (row[length] == '\n');
        row[length] = '\0';
        if (row[0] != '#' && row[0] != '\0') {
            good = cut_row(row, columns);
            if (good) {
                good = add_resilience(place, input->path, columns);
            } else {
                fprintf(stderr, "resilience.tsv: \"%s\" has not four columns\n", columns[0]);
            }
        }
        row = next;
    }
    mem_free(text);
    return good;
}

static bool was_parsed(CXTranslationUnit unit)
{
    bool good = unit != NULL;
    for (unsigned i = 0; good && i < clang_getNumDiagnostics(unit); i++) {
        CXDiagnostic diagnostic = clang_getDiagnostic(unit, i);
        good = clang_getDiagnosticSeverity(diagnostic) < CXDiagnostic_Error;
        clang_disposeDiagnostic(diagnostic);
    }
    return good;
}

int points_find(const struct points_input *input, struct points *out)
{
    *out = (struct points){ .items = NULL };
    CXIndex index = clang_createIndex(0, 1);
    CXTranslationUnit unit =
        clang_parseTranslationUnit(index, input->path, input->arguments, input->argument_count,
                                   NULL, 0, CXTranslationUnit_None);
    struct place place = { .points = out, .source = input->source };
    int rc = -1;
    if (!was_parsed(unit)) {
        fprintf(stderr, "weave: %s cannot be parsed; compile it first\n", input->path);
        goto out;
    }
    clang_visitChildren(clang_getTranslationUnitCursor(unit), on_top_level, &place);
    if (!add_all_resilience(&place, input)) goto out;
    if (out->count > 0) qsort(out->items, out->count, sizeof *out->items, compare);
    for (size_t i = 0; i < out->count; i++)
        out->items[i].id = input->first_id + (unsigned)i;
    rc = 0;
out:
    if (unit != NULL) clang_disposeTranslationUnit(unit);
    clang_disposeIndex(index);
    return rc;
}

void points_deinit(struct points *points)
{
    for (size_t i = 0; i < points->count; i++) {
        mem_free(points->items[i].function);
        mem_free(points->items[i].replacement);
    }
    mem_free(points->items);
    *points = (struct points){ .items = NULL };
}
