#ifndef BASE_SUGGEST_H
#define BASE_SUGGEST_H
/* "did you mean": the candidate nearest to what a person typed, by Damerau-Levenshtein distance
 * (optimal string alignment), or NULL when none is near enough (a third of its length, at least
 * 1). Capitals count as small letters. */

#include <stddef.h>

const char *suggest(const char *typed, const char *const *candidates, size_t count);

#endif
