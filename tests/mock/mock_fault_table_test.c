/* Every row of the fault table, checked on the wire by a plain socket: which bytes, in which order,
 * how the connection ends, and that nothing comes early. A row without a check here fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "scenario/fault_table.h"
#include "wire_checks.h"

static const struct wire_check *const LISTS[] = {
    wire_cut_checks,    wire_slow_checks,    wire_malformed_checks,
    wire_answer_checks, wire_request_checks, wire_connect_checks,
};

static const struct wire_check *check_of(const char *yaml)
{
    for (size_t i = 0; i < sizeof LISTS / sizeof *LISTS; i++) {
        for (const struct wire_check *check = LISTS[i]; check->yaml != NULL; check++) {
            if (strcmp(check->yaml, yaml) == 0) return check;
        }
    }
    return NULL;
}

static const struct fault_row *row_of(const char *yaml)
{
    size_t count = 0;
    const struct fault_row *rows = fault_table(&count);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].yaml != NULL && strcmp(rows[i].yaml, yaml) == 0) return &rows[i];
    }
    return NULL;
}

static void each_fault_of_the_table_has_a_check_on_the_wire(void **state)
{
    (void)state;
    size_t count = 0;
    size_t missing = 0;
    const struct fault_row *rows = fault_table(&count);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].support == FAULT_IMPOSSIBLE || check_of(rows[i].yaml) != NULL) continue;
        print_error("nothing looks at %s on the wire\n", rows[i].yaml);
        missing++;
    }
    assert_int_equal(missing, 0);
}

static void each_check_belongs_to_a_fault_of_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof LISTS / sizeof *LISTS; i++) {
        for (const struct wire_check *check = LISTS[i]; check->yaml != NULL; check++) {
            if (row_of(check->yaml) == NULL) fail_msg("%s is not in the table", check->yaml);
        }
    }
}

static void check_list(const struct wire_check *list)
{
    struct wire_rig rig;
    wire_rig_open(&rig);
    for (const struct wire_check *check = list; check->yaml != NULL; check++) {
        for (int reused = 0; reused < (check->new_only ? 1 : 2); reused++) {
            print_message("    %s%s\n", check->yaml, reused ? " (reused connection)" : "");
            wire_rig_set(&rig, check->yaml);
            check->run(&rig, check, reused);
            wire_rig_clear(&rig);
            client_expect_alive(&rig.mock);
        }
    }
    wire_rig_close(&rig);
}

static void cuts_end_at_their_byte(void **state)
{
    (void)state;
    check_list(wire_cut_checks);
}

static void slow_faults_send_each_byte_and_none_early(void **state)
{
    (void)state;
    check_list(wire_slow_checks);
}

static void malformed_answers_are_malformed_as_they_say(void **state)
{
    (void)state;
    check_list(wire_malformed_checks);
}

static void answers_have_their_status_head_and_body(void **state)
{
    (void)state;
    check_list(wire_answer_checks);
}

static void requests_are_stopped_where_the_fault_says_and_not_before(void **state)
{
    (void)state;
    check_list(wire_request_checks);
}

static void connections_meet_the_listener_that_the_fault_says(void **state)
{
    (void)state;
    check_list(wire_connect_checks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fault_of_the_table_has_a_check_on_the_wire),
        cmocka_unit_test(each_check_belongs_to_a_fault_of_the_table),
        cmocka_unit_test(cuts_end_at_their_byte),
        cmocka_unit_test(slow_faults_send_each_byte_and_none_early),
        cmocka_unit_test(malformed_answers_are_malformed_as_they_say),
        cmocka_unit_test(answers_have_their_status_head_and_body),
        cmocka_unit_test(requests_are_stopped_where_the_fault_says_and_not_before),
        cmocka_unit_test(connections_meet_the_listener_that_the_fault_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
