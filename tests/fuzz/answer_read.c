/* The runtime's answer as the harness' client reads it: any service may be judged, so it may say
 * anything. */

#include "base/mem.h"
#include "fuzz.h"
#include "harness/answer_read.h"
#include "run_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint16_t statuses[] = { 200, 503, 400 };
    char *body = fuzz_text(data, size);
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        struct run run;
        run_fixture(&run);
        struct run_answer *answer = &run.answers[0];
        answer->http_status = statuses[i];
        answer_read(&run, 0, body, size);
        assert(answer->answered);
        assert(answer->served <= SERVED_ERROR);
        assert(answer->attempt_at + answer->attempt_count <= run.attempt_count);
        assert(answer->path_at + answer->path_count <= run.path_count);
        run_deinit(&run);
    }
    mem_free(body);
    return 0;
}
