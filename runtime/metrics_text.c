#include "runtime/metrics_text.h"

#include <stdio.h>

#include "base/instant.h"

static const struct metrics_bound seconds[HISTOGRAM_BOUNDS] = {
    { 1 * NS_PER_MS, "0.001" },  { 5 * NS_PER_MS, "0.005" },  { 10 * NS_PER_MS, "0.01" },
    { 25 * NS_PER_MS, "0.025" }, { 50 * NS_PER_MS, "0.05" },  { 100 * NS_PER_MS, "0.1" },
    { 150 * NS_PER_MS, "0.15" }, { 200 * NS_PER_MS, "0.2" },  { 250 * NS_PER_MS, "0.25" },
    { 300 * NS_PER_MS, "0.3" },  { 350 * NS_PER_MS, "0.35" }, { 400 * NS_PER_MS, "0.4" },
    { 500 * NS_PER_MS, "0.5" },  { 800 * NS_PER_MS, "0.8" },  { 1500 * NS_PER_MS, "1.5" },
    { 3000 * NS_PER_MS, "3" },
};

unsigned metrics_bucket(const struct metrics_bound *bounds, unsigned bound_count, uint64_t value)
{
    unsigned bucket = 0;
    while (bucket < bound_count && value > bounds[bucket].value)
        bucket++;
    return bucket;
}

void histogram_count(struct histogram *histogram, uint64_t length_ns)
{
    histogram->buckets[metrics_bucket(seconds, HISTOGRAM_BOUNDS, length_ns)]++;
    histogram->sum_ns += length_ns;
}

void metrics_text_head(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metrics_text_plain(struct buf *out, const char *name, uint64_t value)
{
    buf_puts(out, name);
    buf_putc(out, ' ');
    buf_put_u64(out, value);
    buf_putc(out, '\n');
}

void metrics_text_labelled(struct buf *out, const char *name, const char *label, const char *text,
                           uint64_t value)
{
    buf_printf(out, "%s{%s=\"%s\"} ", name, label, text);
    buf_put_u64(out, value);
    buf_putc(out, '\n');
}

void metrics_text_single(struct buf *out, const char *name, const char *type, const char *help,
                         uint64_t value)
{
    metrics_text_head(out, name, type, help);
    metrics_text_plain(out, name, value);
}

void metrics_text_put_seconds(struct buf *out, uint64_t ns)
{
    buf_printf(out, "%llu.%09llu\n", (unsigned long long)(ns / NS_PER_S),
               (unsigned long long)(ns % NS_PER_S));
}

void metrics_text_seconds(struct buf *out, const char *name, const char *type, const char *help,
                          uint64_t value_ns)
{
    metrics_text_head(out, name, type, help);
    buf_puts(out, name);
    buf_putc(out, ' ');
    metrics_text_put_seconds(out, value_ns);
}

uint64_t metrics_text_buckets(struct buf *out, const char *name, const struct metrics_bound *bounds,
                              unsigned bound_count, const uint64_t *buckets)
{
    uint64_t below = 0;
    for (unsigned i = 0; i <= bound_count; i++) {
        below += buckets[i];
        metrics_text_labelled(out, name, "le", i < bound_count ? bounds[i].text : "+Inf", below);
    }
    return below;
}

void metrics_text_histogram(struct buf *out, const char *name, const char *help,
                            const struct histogram *histogram)
{
    metrics_text_head(out, name, "histogram", help);
    char part[128];
    snprintf(part, sizeof part, "%s_bucket", name);
    uint64_t below = metrics_text_buckets(out, part, seconds, HISTOGRAM_BOUNDS, histogram->buckets);
    buf_printf(out, "%s_sum ", name);
    metrics_text_put_seconds(out, histogram->sum_ns);
    snprintf(part, sizeof part, "%s_count", name);
    metrics_text_plain(out, part, below);
}
