/* The model server's answer: whatever is let through can be served. */

#include <math.h>

#include "base/mem.h"
#include "forecast/answer.h"
#include "fuzz.h"

enum { HORIZON = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct forecast_request request = {
        .market_id = "m1",
        .freq = "5m",
        .freq_minutes = 5,
        .horizon = HORIZON,
        .model_name = "chronos",
        .eps = 1e-6,
        .transform = size % 2 == 0 ? TRANSFORM_LOGIT : TRANSFORM_NONE,
    };
    struct arena arena = { .head = NULL };
    struct err_note note = { .err = ERR_OK };
    struct forecast_values values = forecast_values_create(&arena, HORIZON);
    char *body = fuzz_text(data, size);
    if (answer_parse(body, size, &request, &values, &note) == ERR_OK) {
        for (size_t q = 0; q < FORECAST_QUANTILES; q++) {
            for (size_t i = 0; i < HORIZON; i++) assert(isfinite(values.q[q][i]));
        }
        (void)transform_finish(request.transform, &values);
        for (size_t i = 0; i < HORIZON; i++) {
            assert(values.q[0][i] >= 0 && values.q[0][i] <= values.q[1][i]);
            assert(values.q[1][i] <= values.q[2][i] && values.q[2][i] <= 1);
        }
    } else {
        assert(note.sentence[0] != '\0');
    }
    mem_free(body);
    arena_deinit(&arena);
    return 0;
}
