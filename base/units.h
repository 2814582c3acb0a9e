#ifndef BASE_UNITS_H
#define BASE_UNITS_H
/* Quantities as people write them in YAML and on the command line. A parse function returns false
 * for anything it does not take whole: a missing or unknown unit, a sign, trailing text, a value
 * that does not fit; the result is then untouched. Decimals are exact to the unit's last digit; no
 * float is used.
 *
 *     "300ms" "1.5s" "2m" "1h" "250us" "0s"   a length of time, in ns      ("0" alone is taken too)
 *     "40/s" "2.5/s" "90/m"                   a rate, in millionths of an event per second
 *     "60%" "0.5%"                            a share, in parts per million; 0 .. 1,000,000
 *     "1048576" "64KiB" "1MiB" "10kB"         bytes */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool units_parse_duration(const char *text, uint64_t *out_ns);
bool units_parse_rate(const char *text, uint64_t *out_micro_per_s);
bool units_parse_share(const char *text, uint32_t *out_ppm);
bool units_parse_bytes(const char *text, uint64_t *out_bytes);
/* A plain decimal number scaled by 10^`digits`: "1.2" with 3 -> 1200; more decimals are refused. */
bool units_parse_decimal(const char *text, unsigned digits, uint64_t *out);

enum { UNITS_TEXT_MAX = 32 };

/* The shortest exact form: 1500000000 -> "1.5s", 300000000 -> "300ms". Returns `out`. */
const char *units_format_duration(uint64_t ns, char out[UNITS_TEXT_MAX]);
/* 600000 -> "60%", 5000 -> "0.5%" */
const char *units_format_share(uint32_t ppm, char out[UNITS_TEXT_MAX]);

#endif
