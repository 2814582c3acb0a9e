/* A forecast request as the mock checks it, in each of tollama's three shapes, and the answers to
 * one that is taken. */

#include <string.h>

#include "ask_same.h"
#include "base/buf.h"
#include "base/mem.h"
#include "fuzz.h"
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum ask_api apis[] = { ASK_V1, ASK_OLLAMA, ASK_TIMESERIES };
    char *body = fuzz_text(data, size);
    for (size_t i = 0; i < sizeof apis / sizeof apis[0]; i++) {
        assert(ask_compare(apis[i], body, size) != ASK_DIFFERS);
        struct ask ask;
        struct err_note note = { .err = ERR_OK };
        if (ask_parse(apis[i], body, size, &ask, &note) == ERR_OK) check_answers(&ask);
        else assert(note.sentence[0] != '\0');
        ask_deinit(&ask);
    }
    mem_free(body);
    return 0;
}
