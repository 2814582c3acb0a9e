#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

static void an_unwritten_buffer_reads_as_empty_text(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 10);
    assert_string_equal(buf_text(&buf), "");
    char *taken = buf_take(&buf);
    assert_string_equal(taken, "");
    mem_free(taken);
    buf_deinit(&buf);
}

static void what_does_not_fit_is_dropped_whole_and_remembered(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 5);
    buf_puts(&buf, "abc");
    buf_puts(&buf, "defg");
    assert_string_equal(buf_text(&buf), "abc");
    assert_true(buf.overflow);
    buf_printf(&buf, "%d", 123);
    assert_string_equal(buf_text(&buf), "abc");
    buf_puts(&buf, "de"); /* exactly full is no overflow */
    assert_string_equal(buf_text(&buf), "abcde");
    buf_clear(&buf);
    assert_false(buf.overflow);
    assert_string_equal(buf_text(&buf), "");
    buf_puts(&buf, "12345");
    assert_false(buf.overflow);
    buf_putc(&buf, '6');
    assert_true(buf.overflow);
    buf_deinit(&buf);
}

static void bytes_are_written_in_place_where_the_maximum_allows(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 1000);
    buf_puts(&buf, "ab");
    assert_null(buf_room(&buf, 999)); /* may be too much: that is no overflow yet */
    assert_false(buf.overflow);
    char *room = buf_room(&buf, 998);
    assert_non_null(room);
    memset(room, 'c', 998);
    buf_added(&buf, 3);
    assert_string_equal(buf_text(&buf), "abccc");
    room = buf_room(&buf, 995);
    memset(room, 'd', 995);
    buf_added(&buf, 995);
    assert_int_equal(strlen(buf_text(&buf)), 1000);
    assert_null(buf_room(&buf, 1));
    buf_deinit(&buf);
}

static void numbers_are_written_to_their_last_digit(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, BUF_UNBOUNDED);
    buf_put_u64(&buf, 0);
    buf_putc(&buf, ' ');
    buf_put_u64(&buf, UINT64_MAX);
    buf_printf(&buf, " %s", "x");
    assert_string_equal(buf_text(&buf), "0 18446744073709551615 x");
    buf_deinit(&buf);
}

static void taken_memory_belongs_to_the_caller_and_the_buffer_starts_anew(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, BUF_UNBOUNDED);
    for (int i = 0; i < 1000; i++) buf_puts(&buf, "0123456789");
    assert_int_equal(buf.length, 10000);
    char *taken = buf_take(&buf);
    assert_int_equal(strlen(taken), 10000);
    buf_puts(&buf, "new");
    assert_string_equal(buf_text(&buf), "new");
    mem_free(taken);
    buf_deinit(&buf);
}

static void expected_bytes_move_nothing(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 1000);
    buf_puts(&buf, "begun");
    buf_expect(&buf, 600);
    const char *before = buf.data;
    assert_string_equal(buf_text(&buf), "begun");
    for (int i = 0; i < 600; i++) buf_putc(&buf, 'x');
    assert_ptr_equal(buf.data, before);
    buf_expect(&buf, 5000); /* over the maximum: as much as may be */
    assert_false(buf.overflow);
    assert_int_equal(buf.length, 605);
    buf_deinit(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unwritten_buffer_reads_as_empty_text),
        cmocka_unit_test(what_does_not_fit_is_dropped_whole_and_remembered),
        cmocka_unit_test(bytes_are_written_in_place_where_the_maximum_allows),
        cmocka_unit_test(numbers_are_written_to_their_last_digit),
        cmocka_unit_test(taken_memory_belongs_to_the_caller_and_the_buffer_starts_anew),
        cmocka_unit_test(expected_bytes_move_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
