#include "runtime/inbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void push(struct inbox *inbox, uint32_t call)
{
    inbox_push(inbox, &(struct engine_input){ .kind = ENGINE_CLIENT_GONE, .call = call });
}

static uint32_t pop(struct inbox *inbox)
{
    struct engine_input input;
    assert_true(inbox_pop(inbox, &input));
    return input.call;
}

static void inputs_come_out_in_the_order_they_came_in(void **state)
{
    (void)state;
    struct inbox inbox;
    inbox_init(&inbox, 4);
    struct engine_input input;
    assert_false(inbox_pop(&inbox, &input));
    for (uint32_t i = 0; i < 3; i++) push(&inbox, i);
    for (uint32_t i = 0; i < 3; i++) assert_int_equal(pop(&inbox), i);
    assert_false(inbox_pop(&inbox, &input));
    inbox_deinit(&inbox);
}

static void order_survives_growing_with_the_ring_wrapped(void **state)
{
    (void)state;
    struct inbox inbox;
    inbox_init(&inbox, 4);
    for (uint32_t i = 0; i < 3; i++) push(&inbox, i);
    for (uint32_t i = 0; i < 3; i++) assert_int_equal(pop(&inbox), i);
    for (uint32_t i = 0; i < 100; i++) push(&inbox, i);
    for (uint32_t i = 0; i < 100; i++) assert_int_equal(pop(&inbox), i);
    assert_int_equal(inbox.count, 0);
    inbox_deinit(&inbox);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inputs_come_out_in_the_order_they_came_in),
        cmocka_unit_test(order_survives_growing_with_the_ring_wrapped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
