#include "base/suggest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *const keys[] = { "latency", "retry_count", "status", "on", "max_connections" };

static const char *near(const char *typed)
{
    return suggest(typed, keys, sizeof keys / sizeof keys[0]);
}

static void one_slip_is_recognised(void **state)
{
    (void)state;
    assert_string_equal(near("lattency"), "latency");        /* one too many */
    assert_string_equal(near("latecy"), "latency");          /* one missing */
    assert_string_equal(near("latexcy"), "latency");         /* one wrong */
    assert_string_equal(near("retry_cuont"), "retry_count"); /* two swapped */
    assert_string_equal(near("no"), "on");                   /* a swap counts as one slip */
    assert_string_equal(near("RETRY_COUNT"), "retry_count");
    assert_string_equal(near("max-conections"), "max_connections");
}

static void what_is_far_away_is_not_suggested(void **state)
{
    (void)state;
    assert_null(near("flatulence"));
    assert_null(near("zz"));
    assert_null(near("x"));
    assert_null(near(""));
    assert_null(suggest("latency", NULL, 0));
    static const char *const single[] = { "y" };
    assert_null(suggest("x", single, 1)); /* nothing in common */
}

static void the_nearest_wins_and_ties_go_to_the_first(void **state)
{
    (void)state;
    static const char *const words[] = { "read_timeout_s", "write_timeout_s", "reads_timeout_s" };
    assert_string_equal(suggest("rite_timeout_s", words, 3), "write_timeout_s");
    assert_string_equal(suggest("xead_timeout_s", words, 3), "read_timeout_s");
    static const char *const tied[] = { "cat", "car" };
    assert_string_equal(suggest("caz", tied, 2), "cat");
}

static void very_long_words_are_not_read_beyond_the_table(void **state)
{
    (void)state;
    char longer[1000];
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_null(near(longer));
    const char *const candidates[] = { longer, "aab" };
    assert_string_equal(suggest("aac", candidates, 2), "aab");
    char fits[64];
    memset(fits, 'a', 63);
    fits[63] = '\0';
    const char *const same[] = { fits };
    assert_string_equal(suggest(fits, same, 1), fits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_slip_is_recognised),
        cmocka_unit_test(what_is_far_away_is_not_suggested),
        cmocka_unit_test(the_nearest_wins_and_ties_go_to_the_first),
        cmocka_unit_test(very_long_words_are_not_read_beyond_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
