#include "runtime/bodies.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

static struct body *make(const char *text)
{
    return body_create(mem_copy_string(text), strlen(text), 0);
}

static void body_lives_as_long_as_the_slot_that_keeps_it(void **state)
{
    (void)state;
    struct bodies bodies;
    bodies_init(&bodies, 2);
    struct body *body = make("kept");
    bodies_put(&bodies, 1, body);
    body_release(body); /* the call ends */
    assert_string_equal(bodies_get(&bodies, 1)->text, "kept");
    assert_int_equal(bodies_get(&bodies, 1)->references, 1);
    bodies_drop(&bodies, 1); /* the leak check sees whether this frees it */
    bodies_deinit(&bodies);
}

static void body_lives_on_in_its_call_when_the_slot_is_dropped(void **state)
{
    (void)state;
    struct bodies bodies;
    bodies_init(&bodies, 1);
    struct body *body = make("in use");
    bodies_put(&bodies, 0, body);
    bodies_drop(&bodies, 0);
    assert_string_equal(body->text, "in use");
    body_release(body);
    bodies_deinit(&bodies);
}

static void slot_takes_a_new_body_in_place_of_the_old(void **state)
{
    (void)state;
    struct bodies bodies;
    bodies_init(&bodies, 1);
    struct body *old = make("old");
    struct body *new = make("new");
    bodies_put(&bodies, 0, old);
    bodies_put(&bodies, 0, new);
    assert_int_equal(old->references, 1);
    assert_string_equal(bodies_get(&bodies, 0)->text, "new");
    /* The same body again, as when two calls made one answer: it must not be freed in between. */
    body_release(new);
    bodies_put(&bodies, 0, new);
    assert_string_equal(bodies_get(&bodies, 0)->text, "new");
    body_release(old);
    bodies_deinit(&bodies);
}

static void weight_grows_with_the_text(void **state)
{
    (void)state;
    struct body *small = make("1");
    struct body *large = make("12345");
    assert_true(body_weight(small) > small->length);
    assert_int_equal(body_weight(large) - body_weight(small), 4);
    body_release(small);
    body_release(large);
    body_release(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(body_lives_as_long_as_the_slot_that_keeps_it),
        cmocka_unit_test(body_lives_on_in_its_call_when_the_slot_is_dropped),
        cmocka_unit_test(slot_takes_a_new_body_in_place_of_the_old),
        cmocka_unit_test(weight_grows_with_the_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
