#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "config/config.h"

static enum err load(struct runtime_config *config, const char *set, struct err_note *note)
{
    const char *const sets[] = { set };
    const struct config_source source = { .sets = sets, .set_count = 1 };
    return config_load(config, &source, note);
}

static void lists_are_read_name_by_name_whatever_stands_between(void **state)
{
    (void)state;
    const char *list = " ,chronos,, amazon/x:1\t,b ";
    char name[256];
    static const char *const want[] = { "chronos", "amazon/x:1", "b" };
    for (size_t i = 0; i < 3; i++) {
        assert_true(config_next_model(&list, name));
        assert_string_equal(name, want[i]);
    }
    assert_false(config_next_model(&list, name));
    assert_false(config_next_model(&list, name)); /* and stays at its end */
}

static void more_models_than_can_be_warmed_are_refused(void **state)
{
    (void)state;
    static struct runtime_config config;
    struct err_note note = { 0 };
    assert_int_equal(load(&config, "warmup_models=a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p", &note), ERR_OK);
    assert_int_equal(load(&config, "warmup_models=a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q", &note),
                     ERR_INVALID);
    assert_non_null(strstr(note.sentence, "warmup_models names 17 models; allowed: at most 16"));
}

static void warmup_is_on_with_the_guides_keepwarm_by_default(void **state)
{
    (void)state;
    static struct runtime_config config;
    struct err_note note = { 0 };
    assert_int_equal(load(&config, "seed=1", &note), ERR_OK);
    assert_true(config.warmup.enabled);
    assert_false(config.forecast.baseline_only);
    assert_string_equal(config.warmup.models, "");
    assert_int_equal(config.warmup.forecast_timeout_ns, 120 * NS_PER_S);
    assert_in_range(config.warmup.keepwarm_ns, 120 * NS_PER_S, 300 * NS_PER_S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_read_name_by_name_whatever_stands_between),
        cmocka_unit_test(more_models_than_can_be_warmed_are_refused),
        cmocka_unit_test(warmup_is_on_with_the_guides_keepwarm_by_default),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
