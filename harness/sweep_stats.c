#include "harness/sweep_stats.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

/* Student's t, two-sided 95 %, by degrees of freedom 1 .. 30. */
static const double t_quantiles[] = { 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306,
                                      2.262,  2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
                                      2.110,  2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064,
                                      2.060,  2.056, 2.052, 2.048, 2.045, 2.042 };

static double t_quantile(size_t degrees)
{
    size_t count = sizeof t_quantiles / sizeof t_quantiles[0];
    /* Beyond the table: the first terms of Cornish and Fisher, right to 0.003. */
    if (degrees > count) return 1.959964 + 2.372270 / (double)degrees;
    return t_quantiles[degrees - 1];
}

struct sweep_interval sweep_interval_of(const double *differences, size_t n)
{
    struct sweep_interval interval = { .n = n };
    if (n == 0) return interval;
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += differences[i];
    interval.mean = sum / (double)n;
    double squares = 0;
    for (size_t i = 0; i < n; i++) {
        double off = differences[i] - interval.mean;
        squares += off * off;
    }
    double half = 0;
    if (n > 1) half = t_quantile(n - 1) * sqrt(squares / (double)(n - 1) / (double)n);
    interval.low = interval.mean - half;
    interval.high = interval.mean + half;
    return interval;
}

struct pair {
    uint64_t value;
    double result;
};

static int compare_pairs(const void *a, const void *b)
{
    const struct pair *left = a;
    const struct pair *right = b;
    if (left->value != right->value) return left->value > right->value ? 1 : -1;
    return (left->result > right->result) - (left->result < right->result);
}

/* The sum over groups of n * (mean - overall mean)^2; `groups` is how many there were. */
static double between_groups(const struct pair *pairs, size_t n, size_t bins, double mean,
                             size_t *groups)
{
    double between = 0;
    *groups = 0;
    size_t begin = 0;
    while (begin < n) {
        size_t end = (*groups + 1) * n / bins;
        if (end <= begin) end = begin + 1;
        if (end > n) end = n;
        while (end < n && pairs[end].value == pairs[end - 1].value) end++;
        double sum = 0;
        for (size_t i = begin; i < end; i++) sum += pairs[i].result;
        double size = (double)(end - begin);
        double off = sum / size - mean;
        between += size * off * off;
        (*groups)++;
        begin = end;
    }
    return between;
}

double sweep_explained(const uint64_t *values, const double *results, size_t n, size_t bins)
{
    if (n < 3) return 0;
    struct pair *pairs = mem_alloc(n, sizeof *pairs);
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        pairs[i] = (struct pair){ values[i], results[i] };
        sum += results[i];
    }
    double mean = sum / (double)n;
    qsort(pairs, n, sizeof *pairs, compare_pairs);
    double total = 0;
    for (size_t i = 0; i < n; i++) total += (results[i] - mean) * (results[i] - mean);
    size_t groups;
    double between = between_groups(pairs, n, bins, mean, &groups);
    mem_free(pairs);
    if (total <= 0 || groups < 2 || groups >= n) return 0;
    double within_mean = (total - between) / (double)(n - groups);
    double share = (between - (double)(groups - 1) * within_mean) / total;
    return share > 0 ? share : 0;
}
