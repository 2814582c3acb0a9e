#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

/* A number with any count of bits, so that each count of digits occurs. */
static uint64_t any_number(struct rng *rng)
{
    return rng_next(rng) >> rng_below(rng, 64);
}

static void texts_are_those_that_snprintf_makes(void **state)
{
    (void)state;
    static const char *const words[] = { "", "a", "X-Request-ID: ",
                                         "0123456789012345678901234567" };
    struct rng rng;
    rng_init(&rng, 31, "texts");
    for (int i = 0; i < 100000; i++) {
        const char *word = words[rng_below(&rng, sizeof words / sizeof *words)];
        uint64_t decimal = i == 0 ? UINT64_MAX : i == 1 ? 0 : any_number(&rng);
        uint64_t hex = any_number(&rng);
        char wanted[100];
        char seen[100];
        memset(seen, '#', sizeof seen);
        /* Often too small for all of it. */
        size_t size = 1 + rng_below(&rng, 90);
        snprintf(wanted, size, "%s%llu~%016llx", word, (unsigned long long)decimal,
                 (unsigned long long)hex);
        size_t at = text_put(seen, size, 0, word);
        at = text_put_u64(seen, size, at, decimal);
        at = text_put(seen, size, at, "~");
        at = text_put_hex(seen, size, at, hex);
        assert_string_equal(seen, wanted);
        assert_int_equal(at, strlen(wanted));
        for (size_t j = size; j < sizeof seen; j++) assert_int_equal(seen[j], '#');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_those_that_snprintf_makes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
