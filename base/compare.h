#ifndef BASE_COMPARE_H
#define BASE_COMPARE_H
/* Comparisons of expectations: ">= 60%", "<= 1.4", "< 5", "== 0", or a bare value, which means
 * "equal". The value's text is left to the caller,
 * because only the caller knows its unit. */

#include <stdbool.h>
#include <stdint.h>

enum compare_op { COMPARE_EQ, COMPARE_GE, COMPARE_LE, COMPARE_GT, COMPARE_LT };

/* Splits ">= 60%" into COMPARE_GE and a pointer at "60%" (inside `text`). False when nothing is
 * left behind the operator. */
bool compare_split(const char *text, enum compare_op *out_op, const char **out_value);
bool compare_holds(enum compare_op op, uint64_t seen, uint64_t wanted);
/* ">=" and so on; "=" for COMPARE_EQ. */
const char *compare_text(enum compare_op op);

#endif
