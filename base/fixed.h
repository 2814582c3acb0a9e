#ifndef BASE_FIXED_H
#define BASE_FIXED_H
/* Logarithms without libm, so that the same seed gives the same schedule with every compiler.
 * Values are fixed-point with 32 fraction bits (Q32). */

#include <stdint.h>

#define FIXED_ONE (UINT64_C(1) << 32)

/* log2(x) in Q32, x >= 1; exact to the last bit or two (bit-by-bit squaring, Knuth TAOCP 1.2.2). */
uint64_t fixed_log2(uint64_t x);

/* 2^(-x) in Q32 for x >= 0 in Q32; 0 when it is under the last bit. */
uint64_t fixed_exp2_negative(uint64_t x);

/* -ln(u) in Q32 for a uniform 64-bit u (taken as (u+1)/2^64): an Exp(1) variate. */
uint64_t fixed_exponential(uint64_t uniform);

#endif
