/* Retry-After: seconds or an HTTP date. */

#include <string.h>

#include "base/mem.h"
#include "fuzz.h"
#include "net/http_client.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint64_t moments_ms[] = { 0, UINT64_C(784111777000), UINT64_C(1763900000000),
                                           UINT64_MAX };
    char *value = fuzz_text(data, size);
    for (size_t i = 0; i < sizeof moments_ms / sizeof moments_ms[0]; i++) {
        uint64_t out_ns = 7;
        uint64_t again_ns = 7;
        bool taken = http_parse_retry_after(value, moments_ms[i], &out_ns);
        assert(taken == http_parse_retry_after(value, moments_ms[i], &again_ns));
        assert(out_ns == again_ns);
        size_t digits = strspn(value, "0123456789");
        if (digits > 0 && digits < 9 && value[digits] == '\0') assert(taken);
    }
    mem_free(value);
    return 0;
}
