/* The mock's ledger and the runtime's trace, as the harness joins them to a run. Each reader meets
 * the other's lines too. */

#include "fuzz.h"
#include "harness/ledger.h"
#include "run_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct run run;
    struct err_note note = { .err = ERR_OK };
    const char *path = fuzz_file(data, size);
    run_fixture(&run);
    enum err rc = ledger_read(&run, path, &note);
    assert(rc == ERR_OK);
    rc = trace_read(&run, path, 1000, &note);
    assert(rc == ERR_OK);
    for (size_t i = 0; i < run.delivery_count; i++) {
        assert(run.deliveries[i].request < run.schedule->count);
        assert(run.deliveries[i].phase == UINT32_MAX ||
               run.deliveries[i].phase < run.scenario->phase_count);
    }
    run_deinit(&run);
    return 0;
}
