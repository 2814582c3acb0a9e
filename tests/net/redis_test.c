/* The client of Redis against a real redis-server that lives, dies, hangs and fills up. */
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "redis_process.h"
#include "redis_world.h"

static void what_was_written_is_read_back_byte_by_byte_and_expires(void **state)
{
    (void)state;
    struct redis_process process;
    struct redis_world world;
    redis_process_start(&process, NULL, NULL);
    struct redis_config config = redis_world_config(&world, process.port);
    redis_world_open(&world, &config);
    /* Before it is connected nothing is taken. */
    struct redis_ear ear = { 0 };
    assert_int_equal(redis_get(world.redis, "k", redis_ear_on_answer, &ear), 0);
    redis_world_until_connected(&world, true);
    assert_true(redis_stats(world.redis).connected);

    const char bytes[] = "a\0b\r\nc\xff%s $5";
    ear = redis_world_put(&world, "k", bytes, sizeof bytes);
    assert_int_equal(ear.result, REDIS_RESULT_STORED);
    ear = redis_world_get(&world, "k");
    assert_int_equal(ear.result, REDIS_RESULT_VALUE);
    assert_int_equal(ear.length, sizeof bytes);
    assert_memory_equal(ear.bytes, bytes, sizeof bytes);
    assert_in_range(redis_process_ask(&process, "PTTL k"), 1, 60000);
    assert_int_equal(redis_world_get(&world, "other").result, REDIS_RESULT_ABSENT);
    assert_int_equal(world.told, 1);
    redis_world_close(&world);
    redis_process_end(&process);
}

static void answers_reach_the_commands_in_their_order(void **state)
{
    (void)state;
    enum { COMMANDS = 40 };
    struct redis_process process;
    struct redis_world world;
    redis_process_start(&process, NULL, NULL);
    struct redis_config config = redis_world_config(&world, process.port);
    redis_world_open(&world, &config);
    redis_world_until_connected(&world, true);
    struct redis_ear writes[COMMANDS] = { 0 };
    struct redis_ear reads[COMMANDS] = { 0 };
    for (int round = 0; round < 5; round++) { /* around the ring */
        for (unsigned i = 0; i < COMMANDS / 2; i++) {
            char text[2] = { (char)('A' + i), '\0' };
            assert_true(redis_put(world.redis, text, text, 1, 60000, redis_ear_on_answer,
                                  &writes[i]) > 0);
            assert_true(redis_get(world.redis, text, redis_ear_on_answer, &reads[i]) > 0);
        }
        redis_world_until_heard(&world, &reads[COMMANDS / 2 - 1], (unsigned)round + 1);
        for (unsigned i = 0; i < COMMANDS / 2; i++) {
            assert_int_equal(writes[i].answers, round + 1);
            assert_int_equal(reads[i].result, REDIS_RESULT_VALUE);
            assert_int_equal(reads[i].bytes[0], 'A' + (int)i);
        }
    }
    redis_world_close(&world);
    redis_process_end(&process);
}

static void too_large_and_foreign_values_are_told_apart_and_not_transferred(void **state)
{
    (void)state;
    struct redis_process process;
    struct redis_world world;
    redis_process_start(&process, NULL, NULL);
    enum { LARGE = 32 << 20 };
    char *large = mem_alloc(LARGE, 1);
    memset(large, 'x', LARGE);
    redis_process_set(&process, "large", large, LARGE);
    redis_process_set(&process, "over", large, 1001);
    redis_process_set(&process, "most", large, 1000);
    assert_int_equal(redis_process_ask(&process, "LPUSH list a b c"), 3);
    struct redis_config config = redis_world_config(&world, process.port);
    redis_world_open(&world, &config);
    redis_world_until_connected(&world, true);
    struct redis_ear ear = redis_world_get(&world, "large");
    assert_int_equal(ear.result, REDIS_RESULT_TOO_LARGE);
    assert_int_equal(ear.length, 1001);
    assert_int_equal(redis_world_get(&world, "over").result, REDIS_RESULT_TOO_LARGE);
    assert_int_equal(redis_world_get(&world, "most").result, REDIS_RESULT_VALUE);
    ear = redis_world_get(&world, "list");
    assert_int_equal(ear.result, REDIS_RESULT_REFUSED);
    assert_non_null(strstr(ear.bytes, "WRONGTYPE"));
    /* Nor is one written. */
    assert_int_equal(redis_put(world.redis, "k", large, 1001, 1, redis_ear_on_answer, &ear), 0);
    assert_int_equal(redis_stats(world.redis).dropped, 1);
    assert_int_equal(redis_stats(world.redis).failures, 0);
    mem_free(large);
    redis_world_close(&world);
    redis_process_end(&process);
}

static void a_full_server_refuses_to_write_and_still_reads(void **state)
{
    (void)state;
    struct redis_process process;
    struct redis_world world;
    const char *const keep_all[] = { "--maxmemory-policy", "noeviction", NULL };
    redis_process_start(&process, keep_all, NULL);
    redis_process_set(&process, "kept", "v", 1);
    struct redis_config config = redis_world_config(&world, process.port);
    redis_world_open(&world, &config);
    redis_world_until_connected(&world, true);
    (void)redis_process_ask(&process, "CONFIG SET maxmemory 1");
    struct redis_ear ear = redis_world_put(&world, "k", "v", 1);
    assert_int_equal(ear.result, REDIS_RESULT_REFUSED);
    assert_non_null(strstr(ear.bytes, "OOM"));
    assert_int_equal(redis_world_get(&world, "kept").result, REDIS_RESULT_VALUE);
    assert_int_equal(redis_stats(world.redis).failures, 0);
    redis_world_close(&world);
    redis_process_end(&process);
}

static void a_killed_server_ends_what_is_unanswered_and_is_found_again(void **state)
{
    (void)state;
    struct redis_process process;
    struct redis_world world;
    redis_process_start(&process, NULL, NULL);
    struct redis_config config = redis_world_config(&world, process.port);
    redis_world_open(&world, &config);
    redis_world_until_connected(&world, true);
    redis_process_pause(&process);
    struct redis_ear ears[3] = { 0 };
    for (int i = 0; i < 3; i++) {
        assert_true(redis_get(world.redis, "k", redis_ear_on_answer, &ears[i]) > 0);
    }
    redis_process_kill(&process);
    redis_world_until_heard(&world, &ears[2], 1);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ears[i].answers, 1);
        assert_int_equal(ears[i].result, REDIS_RESULT_LOST);
    }
    assert_false(world.connected);
    assert_int_equal(redis_get(world.redis, "k", redis_ear_on_answer, &ears[0]), 0);
    /* Told once, however often it is tried; and each wait knows how many failed before. */
    redis_world_until_failures(&world, 4);
    assert_int_equal(world.told, 2);
    for (unsigned i = 0; i < 4; i++) assert_int_equal(world.waits[i], i + 1);

    redis_process_restart(&process);
    redis_world_until_connected(&world, true);
    assert_int_equal(redis_stats(world.redis).connects, 2);
    assert_int_equal(redis_world_get(&world, "k").result, REDIS_RESULT_ABSENT);
    redis_world_close(&world);
    redis_process_end(&process);
}

static void a_hung_server_is_given_up_and_counts_as_connected_only_when_it_answers(void **state)
{
    (void)state;
    struct redis_process process;
    struct redis_world world;
    redis_process_start(&process, NULL, NULL);
    struct redis_config config = redis_world_config(&world, process.port);
    config.connect_timeout_ns = 300 * NS_PER_MS;
    redis_world_open(&world, &config);
    redis_world_until_connected(&world, true);
    redis_process_pause(&process);
    struct redis_ear ear = { 0 };
    assert_true(redis_get(world.redis, "k", redis_ear_on_answer, &ear) > 0);
    redis_world_until_heard(&world, &ear, 1);
    assert_int_equal(ear.result, REDIS_RESULT_LOST);
    assert_non_null(strstr(ear.bytes, "not answered in time"));
    /* Its kernel takes connections; nothing is sent over them. */
    redis_world_until_failures(&world, 3);
    assert_false(world.connected);
    assert_int_equal(redis_get(world.redis, "k", redis_ear_on_answer, &ear), 0);
    redis_process_resume(&process);
    redis_world_until_connected(&world, true);
    assert_int_equal(redis_world_get(&world, "k").result, REDIS_RESULT_ABSENT);
    redis_world_close(&world);
    redis_process_end(&process);
}

static void commands_in_flight_are_bounded_and_a_forgotten_one_is_not_heard(void **state)
{
    (void)state;
    struct redis_process process;
    struct redis_world world;
    redis_process_start(&process, NULL, NULL);
    struct redis_config config = redis_world_config(&world, process.port);
    config.inflight_max = 2;
    redis_world_open(&world, &config);
    redis_world_until_connected(&world, true);
    redis_process_pause(&process);
    struct redis_ear first = { 0 };
    struct redis_ear second = { 0 };
    uint64_t ticket = redis_get(world.redis, "k", redis_ear_on_answer, &first);
    assert_int_equal(ticket, 1);
    assert_int_equal(redis_get(world.redis, "k", redis_ear_on_answer, &second), 2);
    assert_int_equal(redis_get(world.redis, "k", redis_ear_on_answer, &second), 0);
    assert_int_equal(redis_stats(world.redis).dropped, 1);
    assert_int_equal(redis_stats(world.redis).inflight, 2);
    redis_forget(world.redis, ticket);
    redis_process_resume(&process);
    redis_world_until_heard(&world, &second, 1);
    assert_int_equal(first.answers, 0);
    assert_int_equal(redis_stats(world.redis).inflight, 0);
    redis_forget(world.redis, ticket); /* again, and ones that never were: nothing happens */
    redis_forget(world.redis, 0);
    redis_forget(world.redis, 99);
    assert_int_equal(redis_world_get(&world, "k").answers, 1);
    redis_world_close(&world);
    redis_process_end(&process);
}

static void bytes_that_wait_for_a_hung_server_are_bounded(void **state)
{
    (void)state;
    enum { MIB = 1 << 20, PUTS_MAX = 64 };
    struct redis_process process;
    struct redis_world world;
    redis_process_start(&process, NULL, NULL);
    struct redis_config config = redis_world_config(&world, process.port);
    config.value_bytes_max = MIB;
    redis_world_open(&world, &config);
    redis_world_until_connected(&world, true);
    redis_process_pause(&process);
    char *value = mem_alloc(MIB, 1);
    unsigned taken = 0;
    while (taken < PUTS_MAX && redis_put(world.redis, "k", value, MIB, 60000, NULL, NULL) > 0) {
        taken++;
    }
    assert_int_equal(taken, REDIS_UNANSWERED_BYTES_MAX / MIB);
    redis_process_resume(&process);
    struct redis_ear ear = { 0 };
    assert_true(redis_get(world.redis, "none", redis_ear_on_answer, &ear) > 0);
    redis_world_until_heard(&world, &ear, 1);
    /* All came through, and there is room again. */
    assert_int_equal(redis_process_ask(&process, "STRLEN k"), MIB);
    assert_true(redis_put(world.redis, "k", value, MIB, 60000, NULL, NULL) > 0);
    mem_free(value);
    redis_world_close(&world);
    redis_process_end(&process);
}

static void password_and_database_are_used_and_a_wrong_password_is_told(void **state)
{
    (void)state;
    struct redis_process process;
    struct redis_world world;
    /* A user with no more rights than docs/security.md says. */
    const char *const user[] = { "--user", "reader", "on", ">open", "~k", "+getrange", "+set",
                                 "+ping", "+select", NULL };
    redis_process_start(&process, user, "sesame");
    const char *const wrong[] = { "", "sesam" };
    const char *const told[] = { "NOAUTH", "WRONGPASS" };
    for (int i = 0; i < 2; i++) {
        struct redis_config config = redis_world_config(&world, process.port);
        config.password = wrong[i];
        redis_world_open(&world, &config);
        redis_world_until_failures(&world, 3);
        assert_int_equal(world.told, 1);
        assert_false(world.connected);
        assert_non_null(strstr(world.detail, told[i]));
        redis_world_close(&world);
    }
    const char *const users[] = { "", "default", "reader" };
    const char *const passwords[] = { "sesame", "sesame", "open" };
    for (int i = 0; i < 3; i++) {
        struct redis_config config = redis_world_config(&world, process.port);
        config.user = users[i];
        config.password = passwords[i];
        config.database = 3;
        redis_world_open(&world, &config);
        redis_world_until_connected(&world, true);
        assert_int_equal(redis_world_put(&world, "k", "v", 1).result, REDIS_RESULT_STORED);
        assert_int_equal(redis_world_get(&world, "k").result, REDIS_RESULT_VALUE);
        assert_int_equal(redis_process_ask(&process, "EXISTS k"), 0); /* in database 0 */
        redis_world_close(&world);
    }
    redis_process_end(&process);
}

static void a_name_is_resolved(void **state)
{
    (void)state;
    struct redis_process process;
    struct redis_world world;
    redis_process_start(&process, NULL, NULL);
    struct redis_config config = redis_world_config(&world, process.port);
    config.host = "localhost"; /* ::1 may come first, where nobody listens */
    redis_world_open(&world, &config);
    redis_world_until_connected(&world, true);
    assert_int_equal(redis_world_get(&world, "k").result, REDIS_RESULT_ABSENT);
    redis_world_close(&world);
    config = redis_world_config(&world, process.port);
    config.host = "no-such-host.invalid";
    config.connect_timeout_ns = 200 * NS_PER_MS;
    redis_world_open(&world, &config);
    redis_world_until_failures(&world, 2);
    assert_non_null(strstr(world.detail, "name"));
    redis_world_close(&world);
    redis_process_end(&process);
}

static void nothing_is_called_after_the_end(void **state)
{
    (void)state;
    struct redis_process process;
    struct redis_world world;
    redis_process_start(&process, NULL, NULL);
    struct redis_config config = redis_world_config(&world, process.port);
    redis_world_open(&world, &config);
    redis_world_until_connected(&world, true);
    struct redis_ear ear = { 0 };
    assert_true(redis_get(world.redis, "k", redis_ear_on_answer, &ear) > 0);
    redis_world_close(&world);
    assert_int_equal(ear.answers, 0);
    assert_int_equal(world.told, 1);
    redis_destroy(NULL);
    redis_process_end(&process);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read_back_byte_by_byte_and_expires),
        cmocka_unit_test(answers_reach_the_commands_in_their_order),
        cmocka_unit_test(too_large_and_foreign_values_are_told_apart_and_not_transferred),
        cmocka_unit_test(a_full_server_refuses_to_write_and_still_reads),
        cmocka_unit_test(a_killed_server_ends_what_is_unanswered_and_is_found_again),
        cmocka_unit_test(a_hung_server_is_given_up_and_counts_as_connected_only_when_it_answers),
        cmocka_unit_test(commands_in_flight_are_bounded_and_a_forgotten_one_is_not_heard),
        cmocka_unit_test(bytes_that_wait_for_a_hung_server_are_bounded),
        cmocka_unit_test(password_and_database_are_used_and_a_wrong_password_is_told),
        cmocka_unit_test(a_name_is_resolved),
        cmocka_unit_test(nothing_is_called_after_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
