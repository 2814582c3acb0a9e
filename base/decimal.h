#ifndef BASE_DECIMAL_H
#define BASE_DECIMAL_H
/* Doubles to and from decimal text, exactly, and without the C library where it can be avoided: a
 * request carries hundreds of numbers, and printf and strtod would be most of its cost.
 *
 *     decimal_write(0.1 + 0.2, text)        -> "0.30000000000000004", 19
 *     decimal_read("0.1", 3)                -> the double nearest to a tenth */

#include <stddef.h>
#include <stdint.h>

enum { DECIMAL_TEXT_MAX = 40 /* a little more than the longest: whole words are written */ };

/* The shortest decimal that reads back as `value`, which must be finite; of those the nearest.
 * Under 2.3e-308 it has 15 digits where fewer would do. Plain from 1e-5 to 1e17, else like
 * 1.5e-07. NUL-terminated; returns the length. */
size_t decimal_write(double value, char out[DECIMAL_TEXT_MAX]);

/* `millionths` / 10^6 with all six decimals, which must be under 10^17. NUL-terminated; returns the
 * length.
 *
 *     decimal_write_millionths(1250000, text)   -> "1.250000", 8 */
size_t decimal_write_millionths(uint64_t millionths, char out[DECIMAL_TEXT_MAX]);

/* The double nearest to a number in JSON's grammar (the caller has checked it: digits, a fraction,
 * an exponent); infinite when it is too large for one. */
double decimal_read(const char *text, size_t length);

/* The number of JSON at the start of `text`, when it is of the common kind: at most 19 digits and
 * no exponent. Returns its length. 0: another kind of number, or none, and nothing is known.
 *
 *     decimal_scan("0.25,0.5", 8, &value)   -> 4, and value is 0.25 */
size_t decimal_scan(const char *text, size_t length, double *out);

#endif
