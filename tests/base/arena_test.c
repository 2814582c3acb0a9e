#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void every_piece_is_zeroed_aligned_and_keeps_its_bytes(void **state)
{
    (void)state;
    struct arena arena = { .head = NULL };
    unsigned char *pieces[200];
    for (size_t i = 0; i < 200; i++) {
        size_t size = i * 37 % 900 + 1;
        pieces[i] = arena_alloc(&arena, size, 1);
        assert_int_equal((uintptr_t)pieces[i] % 16, 0);
        for (size_t j = 0; j < size; j++) assert_int_equal(pieces[i][j], 0);
        memset(pieces[i], (int)i, size);
    }
    for (size_t i = 0; i < 200; i++) {
        size_t size = i * 37 % 900 + 1;
        for (size_t j = 0; j < size; j++) assert_int_equal(pieces[i][j], (unsigned char)i);
    }
    arena_deinit(&arena);
}

static void a_piece_larger_than_a_block_fits(void **state)
{
    (void)state;
    struct arena arena = { .head = NULL };
    char *small = arena_alloc(&arena, 1, 8);
    char *large = arena_alloc(&arena, 100, 1000);
    memset(large, 'x', 100000);
    assert_int_equal(small[0], 0);
    arena_deinit(&arena);
    assert_null(arena.head);
}

static void copied_text_is_terminated_and_may_be_empty(void **state)
{
    (void)state;
    struct arena arena = { .head = NULL };
    assert_string_equal(arena_copy_text(&arena, "abcdef", 3), "abc");
    assert_string_equal(arena_copy_text(&arena, NULL, 0), "");
    assert_string_equal(arena_printf(&arena, "%s=%d", "k", 7), "k=7");
    arena_deinit(&arena);
}

static void an_arena_can_be_used_again_after_it_was_freed(void **state)
{
    (void)state;
    struct arena arena = { .head = NULL };
    arena_alloc(&arena, 1, 1);
    arena_deinit(&arena);
    assert_string_equal(arena_printf(&arena, "again"), "again");
    arena_deinit(&arena);
    arena_deinit(&arena);
}

static void lent_memory_is_used_first_and_never_freed(void **state)
{
    (void)state;
    _Alignas(16) unsigned char scratch[1024];
    memset(scratch, 'x', sizeof scratch);
    struct arena arena = { .head = NULL };
    arena_lend(&arena, scratch, sizeof scratch);
    unsigned char *first = arena_alloc(&arena, 100, 1);
    assert_true(first >= scratch && first + 100 <= scratch + sizeof scratch);
    for (int i = 0; i < 100; i++) assert_int_equal(first[i], 0);
    unsigned char *second = arena_alloc(&arena, 2000, 1); /* more than is left */
    assert_true(second < scratch || second >= scratch + sizeof scratch);
    memset(second, 'y', 2000);
    assert_int_equal(first[99], 0);
    arena_clear(&arena); /* gives up what was lent */
    first = arena_alloc(&arena, 100, 1);
    assert_true(first < scratch || first >= scratch + sizeof scratch);
    arena_deinit(&arena);
    assert_null(arena.head);

    arena_lend(&arena, scratch, sizeof scratch);
    assert_string_equal(arena_printf(&arena, "lent"), "lent");
    arena_deinit(&arena);
    assert_null(arena.head);
    assert_string_equal(arena_printf(&arena, "ours"), "ours");
    arena_deinit(&arena);
}

static void a_cleared_arena_gives_zeroed_memory_again(void **state)
{
    (void)state;
    struct arena arena = { .head = NULL };
    arena_clear(&arena);
    assert_null(arena.head);
    for (int round = 0; round < 5; round++) {
        unsigned char *small = arena_alloc(&arena, 300, 1);
        for (int i = 0; i < 300; i++) assert_int_equal(small[i], 0);
        memset(small, 'x', 300);
        memset(arena_room(&arena, 1000, round % 2 == 0 ? 30 : 10), 'y', 10000);
        arena_clear(&arena);
        assert_non_null(arena.head); /* one block stays */
    }
    arena_deinit(&arena);
    assert_null(arena.head);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_piece_is_zeroed_aligned_and_keeps_its_bytes),
        cmocka_unit_test(a_piece_larger_than_a_block_fits),
        cmocka_unit_test(copied_text_is_terminated_and_may_be_empty),
        cmocka_unit_test(an_arena_can_be_used_again_after_it_was_freed),
        cmocka_unit_test(lent_memory_is_used_first_and_never_freed),
        cmocka_unit_test(a_cleared_arena_gives_zeroed_memory_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
