#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "rig.h"

static bool is_hung(struct rig *rig)
{
    return rig->hung_count > 0;
}

static bool is_drained(struct rig *rig)
{
    return rig->drained;
}

static int post_hanging(struct rig *rig)
{
    rig_play(rig, &(struct rig_step){ .move = RIG_HANG }, 1);
    char *body = rig_body("m1", 40);
    int fd = rig_post(rig_port(rig), "in-flight", body, strlen(body));
    mem_free(body);
    rig_until(rig, is_hung);
    return fd;
}

static void drain_without_work_is_over_at_once(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, SETS("drain_s=3600"));
    service_drain(rig.service);
    service_drain(rig.service);
    rig_until(&rig, is_drained);
    rig_stop(&rig);
}

static void request_in_flight_is_answered_before_the_drain_ends(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, SETS("drain_s=3600", "retry_count=0"));
    int fd = post_hanging(&rig);
    service_drain(rig.service);
    for (int i = 0; i < 20; i++) rig_turn(&rig, -1);
    assert_false(rig.drained);
    http_reply(rig.hung[0], &(struct http_response){ .status = 500 });
    rig.hung_count = 0;
    struct rig_answer answer = rig_receive(&rig, fd);
    assert_int_equal(answer.status, 200);
    assert_string_equal(rig_text(&answer, "meta.cause"), "RUNTIME_5XX");
    rig_answer_free(&answer);
    rig_until(&rig, is_drained);
    rig_stop(&rig);
}

static void drain_cuts_off_what_takes_too_long(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, SETS("drain_s=0.05"));
    int fd = post_hanging(&rig);
    service_drain(rig.service);
    struct rig_answer answer = rig_receive(&rig, fd);
    assert_int_equal(answer.status, 503);
    assert_string_equal(rig_text(&answer, "code"), "RUNTIME_OVERLOADED");
    assert_non_null(strstr(rig_text(&answer, "detail"), "shut down"));
    rig_answer_free(&answer);
    rig_until(&rig, is_drained);
    rig_stop(&rig);
}

static void service_can_be_destroyed_with_requests_in_flight(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, SETS("retry_count=0"));
    int fd = post_hanging(&rig);
    rig_stop(&rig);
    close(fd);
}

static bool sees_503(struct rig *rig, int fd)
{
    const char get[] = "GET /health/ready HTTP/1.1\r\nHost: t\r\n\r\n";
    assert_int_equal(send(fd, get, sizeof get - 1, MSG_NOSIGNAL), sizeof get - 1);
    struct rig_answer answer = rig_receive(rig, fd);
    bool draining = answer.status == 503 && strstr(answer.body, "draining") != NULL;
    rig_answer_free(&answer);
    return draining;
}

static void open_connection_learns_that_the_service_drains(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, SETS("drain_s=3600", "retry_count=0"));
    int waiting = post_hanging(&rig);
    /* Half a request keeps this connection open over the beginning of the drain. */
    int probe = rig_send(rig_port(&rig), "", 0);
    for (int i = 0; i < 20; i++) rig_turn(&rig, -1);
    service_drain(rig.service);
    assert_true(sees_503(&rig, probe));
    close(waiting);
    rig_until(&rig, is_drained);
    rig_stop(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drain_without_work_is_over_at_once),
        cmocka_unit_test(request_in_flight_is_answered_before_the_drain_ends),
        cmocka_unit_test(drain_cuts_off_what_takes_too_long),
        cmocka_unit_test(service_can_be_destroyed_with_requests_in_flight),
        cmocka_unit_test(open_connection_learns_that_the_service_drains),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
