#include "forecast/value_texts.h"

#include <string.h>

#include "base/decimal.h"
#include "base/mem.h"
#include "forecast/transform.h"

enum { AHEAD = 8 /* places are fetched so many values before they are looked at */ };

void value_texts_init(struct value_texts *texts, size_t places, enum transform_space space,
                      double eps)
{
    *texts = (struct value_texts){ .bits = 1, .space = space, .eps = eps };
    while ((size_t)VALUE_TEXTS_WAYS << texts->bits < places)
        texts->bits++;
    texts->places = mem_alloc((size_t)VALUE_TEXTS_WAYS << texts->bits, sizeof *texts->places);
}

void value_texts_deinit(struct value_texts *texts)
{
    mem_free(texts->places);
    texts->places = NULL;
}

/* By the bits, so that 0.0 and -0.0 differ, as their texts do. */
static uint64_t bits_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static struct value_text *line_of(const struct value_texts *texts, uint64_t bits)
{
    uint64_t line = bits * UINT64_C(0x9E3779B97F4A7C15) >> (64 - texts->bits);
    return &texts->places[line * VALUE_TEXTS_WAYS];
}

static size_t write_kept(const struct value_texts *texts, double value, char *out)
{
    uint64_t bits = bits_of(value);
    struct value_text *line = line_of(texts, bits);
    for (unsigned i = 0; i < VALUE_TEXTS_WAYS; i++) {
        if (line[i].bits != bits || line[i].length == 0) continue;
        memcpy(out, line[i].text, sizeof line[i].text); /* all of it: no loop over a length */
        return line[i].length;
    }
    size_t length = decimal_write(transform_forward(texts->space, texts->eps, value), out);
    if (length > VALUE_TEXT_MAX) return length;
    line[1] = line[0];
    line[0].bits = bits;
    line[0].length = (uint8_t)length;
    memcpy(line[0].text, out, length);
    return length;
}

size_t value_texts_write(struct value_texts *texts, const struct forecast_request *request,
                         const double *values, size_t count, char *out)
{
    bool kept = texts != NULL && texts->space == request->transform &&
                bits_of(texts->eps) == bits_of(request->eps);
    size_t used = 0;
    for (size_t i = 0; kept && i < count && i < AHEAD; i++)
        __builtin_prefetch(line_of(texts, bits_of(values[i])));
    for (size_t i = 0; i < count; i++) {
        if (i > 0) out[used++] = ',';
        if (kept) {
            if (i + AHEAD < count) {
                __builtin_prefetch(line_of(texts, bits_of(values[i + AHEAD])));
            }
            used += write_kept(texts, values[i], out + used);
        } else {
            double moved = transform_forward(request->transform, request->eps, values[i]);
            used += decimal_write(moved, out + used);
        }
    }
    return used;
}
