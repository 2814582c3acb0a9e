/* What the mock's control interface takes: a scenario that may be short, and faults set by hand. */
#include "base/mem.h"
#include "fuzz.h"
#include "mock/stage.h"
#include "scenario/plan_state.h"

/* What was taken makes plans. */
static void check_stage(struct stage *stage, const struct err_note *note)
{
    struct reply_plan plan;
    if (stage == NULL) {
        assert(note->err != ERR_OK && note->sentence[0] != '\0');
        return;
    }
    for (unsigned i = 0; i < 8; i++) {
        plan_make(stage->plans,
                  &(struct plan_query){ .request_key = i, .offset_ns = i * NS_PER_S }, &plan);
        assert(plan.step_count > 0 && plan.step_count <= PLAN_STEPS_MAX);
    }
    stage_release(stage);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *bytes = fuzz_text(data, size);
    const struct stage_text text = { .name = "fuzz", .bytes = bytes, .length = size };
    struct err_note note = { .err = ERR_OK };
    check_stage(stage_parse(&text, NULL, &note), &note);
    note = (struct err_note){ .err = ERR_OK };
    check_stage(stage_fault(NULL, &text, NULL, &note), &note);
    mem_free(bytes);
    return 0;
}
