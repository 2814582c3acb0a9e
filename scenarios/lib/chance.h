#ifndef SCENARIO_CHANCE_H
#define SCENARIO_CHANCE_H
/* Distributions in integers, the same on every machine: what is drawn decides what an upstream
 * does, so no float and no libm may take part. Fixed point numbers are Q32.
 *
 *     chance_log2(8) -> 3 << 32
 *     chance_scale_exp2(100, 3 << 31, most) -> 283      (100 * 2^1.5)
 *     chance_exponential(uniform, 2000, most)           on average 2000 */

#include <stdbool.h>
#include <stdint.h>

/* Rows of a table of the standard normal distribution's quantiles, rising. The first and the last
 * stand for shares of 0 and 1: there a ten-millionth is cut off. */
enum { CHANCE_NORMAL_ROWS = 147 };
uint32_t chance_normal_share_ppm(uint32_t row);
int32_t chance_normal_z_micro(uint32_t row);

/* z of 99 %, in millionths. */
enum { CHANCE_Z99_MICRO = 2326348 };

/* Rounded down; `value` > 0. */
uint64_t chance_log2(uint64_t value);
/* value * 2^exponent, to the nearest, at most `most`. */
uint64_t chance_scale_exp2(uint64_t value, int64_t exponent, uint64_t most);
/* An exponentially distributed length, at most `most`. */
uint64_t chance_exponential(uint64_t uniform, uint64_t mean, uint64_t most);

#endif
