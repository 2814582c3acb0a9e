/* A scenario file, and what is made of one that is taken: reply plans in both directions of time,
 * what was realised of them, and the words for it. */

#include "base/mem.h"
#include "fuzz.h"
#include "scenario/fates.h"
#include "scenario/realised.h"

enum { QUERIES = 16, STORY_BYTES = 1 << 16 };

static void use(const struct scenario *scenario)
{
    struct plan_state *state = plan_state_create(scenario, scenario->seed);
    struct buf text;
    buf_init(&text, STORY_BYTES);
    for (uint64_t i = 0; i < QUERIES; i++) {
        uint64_t step = i < QUERIES / 2 ? i : QUERIES - i;
        struct plan_query query = { .request_key = i,
                                    .attempt = (unsigned)(i % 4),
                                    .offset_ns = scenario->duration_ns / QUERIES * step,
                                    .model = i % 2 == 0 ? "chronos" : NULL,
                                    .market = "btc-m1",
                                    .path = "/v1/forecast" };
        struct reply_plan plan;
        struct reply_plan again;
        plan_make(state, &query, &plan);
        struct plan_keyed keyed = plan_keyed(state, &query);
        assert((plan.fired & PLAN_FIRED_FULL) != 0 ||
               ((plan.fired ^ keyed.fired) & keyed.known) == 0);
        struct plan_fate fate = { plan.fired, plan.wait_ns };
        plan_compose(scenario, scenario->seed, &query, &fate, &again);
        assert(plan.step_count == again.step_count && plan.status == again.status);
        assert(plan.steps[0].after_ns == again.steps[0].after_ns);
        plan_write(&text, &plan);
        plan_rules_write(&text, &plan);
        (void)plan_connect_at(state, query.offset_ns);
        assert(plan_connect_next(state, query.offset_ns) > query.offset_ns);
    }
    realised_write_all(&text, scenario, state);
    buf_deinit(&text);
    plan_state_destroy(state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = { .head = NULL };
    struct scenario scenario;
    struct err_note note = { .err = ERR_OK };
    char *text = fuzz_text(data, size);
    if (scenario_parse(&arena, "fuzz.yaml", text, size, &scenario, &note) == ERR_OK) {
        use(&scenario);
    } else {
        assert(note.sentence[0] != '\0');
    }
    mem_free(text);
    arena_deinit(&arena);
    return 0;
}
