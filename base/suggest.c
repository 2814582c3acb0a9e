#include "base/suggest.h"

#include <string.h>

enum { SUGGEST_LENGTH_MAX = 63 }; /* longer words are not typing errors of ours */

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Capitals are no typing error worth counting. */
static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Both at most SUGGEST_LENGTH_MAX long. */
static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    /* Three rows of the table are enough: a swap of neighbours looks two rows up. */
    size_t rows[3][SUGGEST_LENGTH_MAX + 1];
    for (size_t j = 0; j <= b_length; j++) rows[0][j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t change = lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1;
            row[j] = min3(above[j] + 1, row[j - 1] + 1, above[j - 1] + change);
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                lower(a[i - 2]) == lower(b[j - 1])) {
                size_t swapped = rows[(i + 1) % 3][j - 2] + 1;
                if (swapped < row[j]) row[j] = swapped;
            }
        }
    }
    return rows[a_length % 3][b_length];
}

const char *suggest(const char *typed, const char *const *candidates, size_t count)
{
    size_t typed_length = strlen(typed);
    if (typed_length == 0 || typed_length > SUGGEST_LENGTH_MAX) return NULL;
    const char *best = NULL;
    size_t best_distance = SUGGEST_LENGTH_MAX + 1;
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(candidates[i]);
        if (length == 0 || length > SUGGEST_LENGTH_MAX) continue;
        size_t allowed = length / 3 > 1 ? length / 3 : 1;
        size_t away = distance(typed, typed_length, candidates[i], length);
        /* `away < length`: at least one character must be the same. */
        if (away <= allowed && away < length && away < best_distance) {
            best = candidates[i];
            best_distance = away;
        }
    }
    return best;
}
