#include "harness/coverage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "harness/coverage_private.h"

size_t coverage_add(struct coverage *coverage, const char *group, const char *name)
{
    coverage->items = mem_resize(coverage->items, coverage->count + 1, sizeof *coverage->items);
    coverage->items[coverage->count] = (struct coverage_item){ .group = group, .name = name };
    return coverage->count++;
}

void coverage_count(struct coverage *coverage)
{
    coverage->reached = 0;
    for (size_t i = 0; i < coverage->count; i++) {
        if (coverage->items[i].count > 0) coverage->reached++;
    }
}

/* To excuse an item: prove that no scenario can bring it about, and say how. */
static const struct coverage_excuse excuses[] = {
    { "breaker", "half_open > open, probe_silent",
      "a probe has the request's deadline and a slack; its attempt ends at that deadline, and each "
      "attempt that ends reports to the breaker" },
    { "outcome", "write_timeout",
      "the largest request there is (20,000 values) fits the sockets' buffers, so that writing "
      "never waits; the simulation has no buffers" },
    { "outcome", "write_error",
      "whether a cut connection is noticed while writing or while reading is a race that sockets "
      "decide; the simulation always reads" },
};

const struct coverage_excuse *coverage_excuses(size_t *count)
{
    *count = sizeof excuses / sizeof excuses[0];
    return excuses;
}

static bool is_excused(const struct coverage_item *item)
{
    for (size_t i = 0; i < sizeof excuses / sizeof excuses[0]; i++) {
        bool same = strcmp(item->group, excuses[i].group) == 0 &&
                    strcmp(item->name, excuses[i].name) == 0;
        if (same) return true;
    }
    return false;
}

void coverage_excuse(struct coverage *coverage)
{
    size_t kept = 0;
    for (size_t i = 0; i < coverage->count; i++) {
        const struct coverage_item *item = &coverage->items[i];
        if (item->count > 0 || !is_excused(item)) coverage->items[kept++] = *item;
    }
    coverage->count = kept;
}

void coverage_deinit(struct coverage *coverage)
{
    mem_free(coverage->items);
}

uint32_t coverage_permille(const struct coverage *coverage)
{
    return coverage->count == 0 ? 0 : (uint32_t)(coverage->reached * 1000 / coverage->count);
}

/* ---- gcovr ---- */

/* ` name="0.912"` of the root element, as thousandths, or as a number when `scale` is 1. */
static bool attribute(const char *element, const char *name, unsigned scale, uint64_t *out)
{
    char wanted[40];
    snprintf(wanted, sizeof wanted, " %s=\"", name);
    const char *at = strstr(element, wanted);
    const char *end = strchr(element, '>');
    if (at == NULL || end == NULL || at > end) return false;
    char *stop = NULL;
    double value = strtod(at + strlen(wanted), &stop);
    if (*stop != '"' || !(value >= 0 && value < 1e12)) return false;
    *out = (uint64_t)(value * scale + 0.5);
    return true;
}

bool coverage_code_parse(const char *text, struct coverage *out)
{
    const char *element = strstr(text, "<coverage ");
    uint64_t lines = 0;
    uint64_t branches = 0;
    uint64_t lines_valid = 0;
    uint64_t branches_valid = 0;
    if (element == NULL) return false;
    if (!attribute(element, "line-rate", 1000, &lines) || lines > 1000) return false;
    if (!attribute(element, "branch-rate", 1000, &branches) || branches > 1000) return false;
    if (!attribute(element, "lines-valid", 1, &lines_valid)) return false;
    if (!attribute(element, "branches-valid", 1, &branches_valid)) return false;
    out->has_code = true;
    out->line_permille = (uint32_t)lines;
    out->branch_permille = (uint32_t)branches;
    out->lines_valid = lines_valid;
    out->branches_valid = branches_valid;
    return true;
}

void coverage_code_read(const char *path, struct coverage *out)
{
    enum { BYTES_MAX = 64 << 20 };
    char *text = NULL;
    size_t length = 0;
    struct err_note note = { .err = ERR_OK };
    if (!file_exists(path)) return;
    if (file_read(path, BYTES_MAX, &text, &length, &note) == ERR_OK) coverage_code_parse(text, out);
    mem_free(text);
}
