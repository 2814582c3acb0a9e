/* A forecast request as the mock checks it, in each of tollama's three shapes, and the answers to
 * one that is taken. */

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "fuzz.h"
#include "mock/ask_scan.h"
#include "mock/forecast.h"

enum { ANSWERED_VALUES_MAX = 2000 }; /* larger ones are slow, and say nothing new */

static void check_answers(const struct ask *ask)
{
    assert(ask->series_count >= 1 && ask->horizon >= 1);
    if (ask->series_count * ask->horizon * (ask->quantile_count + 1) > ANSWERED_VALUES_MAX) return;
    struct buf body;
    buf_init(&body, BUF_UNBOUNDED);
    const struct forecast_reply reply = { .luck = 3 };
    forecast_write(&body, ask, &reply);
    assert(body.length > 0);
    buf_deinit(&body);
}

static void check_same_series(const struct ask_series *a, const struct ask_series *b)
{
    assert(strcmp(a->id, b->id) == 0 && strcmp(a->freq, b->freq) == 0);
    assert(strcmp(a->last_timestamp, b->last_timestamp) == 0);
    assert((a->before_last_timestamp == NULL) == (b->before_last_timestamp == NULL));
    if (a->before_last_timestamp != NULL)
        assert(strcmp(a->before_last_timestamp, b->before_last_timestamp) == 0);
    assert(a->count == b->count && a->recent_count == b->recent_count);
    assert(memcmp(a->recent, b->recent, a->recent_count * sizeof *a->recent) == 0);
}

/* What the shorter way takes, the long way takes, and reads the same. */
static void check_scan(enum ask_api api, const char *body, size_t size)
{
    struct ask scanned, parsed;
    struct err_note note = { .err = ERR_OK };
    if (!ask_scan(api, body, size, &scanned)) return;
    enum err rc = ask_parse(api, body, size, &parsed, &note);
    assert(rc == ERR_OK);
    assert(scanned.api == parsed.api && scanned.stream == parsed.stream);
    assert(strcmp(scanned.model, parsed.model) == 0);
    assert(scanned.horizon == parsed.horizon && !parsed.keep_alive.given);
    assert(scanned.quantile_count == parsed.quantile_count);
    for (size_t i = 0; i < parsed.quantile_count; i++)
        assert(scanned.quantiles[i] == parsed.quantiles[i]);
    assert(scanned.series_count == parsed.series_count);
    for (size_t i = 0; i < parsed.series_count; i++)
        check_same_series(&scanned.series[i], &parsed.series[i]);
    ask_deinit(&scanned);
    ask_deinit(&parsed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum ask_api apis[] = { ASK_V1, ASK_OLLAMA, ASK_TIMESERIES };
    char *body = fuzz_text(data, size);
    for (size_t i = 0; i < sizeof apis / sizeof apis[0]; i++) {
        check_scan(apis[i], body, size);
        struct ask ask;
        struct err_note note = { .err = ERR_OK };
        if (ask_parse(apis[i], body, size, &ask, &note) == ERR_OK) check_answers(&ask);
        else assert(note.sentence[0] != '\0');
        ask_deinit(&ask);
    }
    mem_free(body);
    return 0;
}
