#ifndef HARNESS_SWEEP_STATS_H
#define HARNESS_SWEEP_STATS_H
/* The two statistics of a sweep. */

#include <stddef.h>
#include <stdint.h>

/* A mean with its 95 % interval by Student's t (low = high = mean when n < 2: nothing is known
 * about its spread). */
struct sweep_interval {
    double mean, low, high;
    size_t n;
};

/* Of differences between two settings that met the same luck, seed by seed: what is common to both
 * drops out. Example: 1, 2, 3 -> mean 2, 2 -+ 4.303 * 0.577. */
struct sweep_interval sweep_interval_of(const double *differences, size_t n);

/* The share of the variance of `results` that the value of one parameter explains (epsilon squared
 * of a one-way analysis of variance: chance alone gives 0). The points are put into at most
 * `bins` groups of equal size by `values`; equal values are never torn apart. 0 when there is
 * nothing to explain. */
double sweep_explained(const uint64_t *values, const double *results, size_t n, size_t bins);

#endif
