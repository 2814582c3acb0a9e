/* What was realised of the delays, for people. */
#include "base/instant.h"
#include "base/units.h"
#include "scenario/realised_delay.h"

enum { PPM_PERCENT = 10000 };

/* To three digits or so: "40.2ms". */
static const char *rough(uint64_t ns, char out[UNITS_TEXT_MAX])
{
    uint64_t unit = 1;
    while (unit <= ns / 1000) unit *= 10;
    return units_format_duration((ns + unit / 2) / unit * unit, out);
}

static void write_quantile(struct buf *out, const struct realised_quantile *quantile, bool judged)
{
    char text[UNITS_TEXT_MAX];
    buf_printf(out, "; p%u %s (95%% interval ", quantile->ppm / PPM_PERCENT,
               rough(quantile->realised_ns, text));
    buf_printf(out, "%s to ", rough(quantile->low_ns, text));
    if (quantile->high_ns == UINT64_MAX)
        buf_puts(out, "not known)");
    else
        buf_printf(out, "%s)", rough(quantile->high_ns, text));
    if (judged) buf_printf(out, ", asked %s", rough(quantile->asked_ns, text));
}

void realised_delay_write(struct buf *out, const struct realised_delay *delay)
{
    char text[UNITS_TEXT_MAX];
    size_t wrong = 0;
    if (delay->phase == NULL)
        buf_printf(out, "latency %s", delay->text);
    else
        buf_printf(out, "%s: %s", delay->phase->name, delay->fault->text);
    buf_printf(out, ": %llu attempts", (unsigned long long)delay->count);
    if (delay->count == 0) return;
    for (size_t q = 0; q < REALISED_QUANTILES; q++)
        write_quantile(out, &delay->quantiles[q], delay->judged);
    buf_printf(out, "; max %s", rough(delay->realised_max_ns, text));
    if (delay->judged) buf_printf(out, ", asked %s", rough(delay->asked_max_ns, text));
    buf_printf(out, "; late p50 %s", rough(delay->late_p50_ns, text));
    buf_printf(out, ", p99 %s", rough(delay->late_p99_ns, text));
    buf_printf(out, ", max %s", rough(delay->late_max_ns, text));
    if (realised_delay_as_asked(delay, &wrong)) return;
    const struct realised_quantile *at = &delay->quantiles[wrong];
    buf_printf(out, ": p%u NOT AS ASKED (%llu drew less, %llu not more)", at->ppm / PPM_PERCENT,
               (unsigned long long)at->below, (unsigned long long)at->up_to);
}

void realised_delays_write_all(struct buf *out, const struct realised_delays *delays)
{
    for (size_t i = 0; i < realised_delays_count(delays); i++) {
        struct realised_delay delay = realised_delay_of(delays, i);
        if (delay.count == 0) continue;
        realised_delay_write(out, &delay);
        buf_putc(out, '\n');
    }
}
