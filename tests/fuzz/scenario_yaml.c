/* A scenario file, and the reply plans of one that is taken. */

#include "base/mem.h"
#include "fuzz.h"
#include "scenario/plan_state.h"
#include "scenario/scenario.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = { .head = NULL };
    struct scenario scenario;
    struct err_note note = { .err = ERR_OK };
    char *text = fuzz_text(data, size);
    if (scenario_parse(&arena, "fuzz.yaml", text, size, &scenario, &note) == ERR_OK) {
        struct plan_state *state = plan_state_create(&scenario, scenario.seed);
        for (uint64_t i = 0; i < 16; i++) {
            struct plan_query query = { .request_key = i,
                                        .attempt = (unsigned)(i % 4),
                                        .offset_ns = scenario.duration_ns / 16 * i };
            struct reply_plan plan;
            plan_make(state, &query, &plan);
        }
        plan_state_destroy(state);
    } else {
        assert(note.sentence[0] != '\0');
    }
    mem_free(text);
    arena_deinit(&arena);
    return 0;
}
