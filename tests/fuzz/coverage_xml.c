/* gcovr's report, of which the behaviour coverage takes four figures. */

#include "base/mem.h"
#include "fuzz.h"
#include "harness/coverage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct coverage coverage = { .count = 0 };
    char *text = fuzz_text(data, size);
    bool taken = coverage_code_parse(text, &coverage);
    assert(taken == coverage.has_code);
    assert(coverage.line_permille <= 1000);
    assert(coverage.branch_permille <= 1000);
    mem_free(text);
    return 0;
}
