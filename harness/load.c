#include "harness/load.h"

#include <assert.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "harness/answer_read.h"
#include "scenario/workload.h"

static const char load_path[] = "/tsfm/forecast";

static uint64_t load_offset(const struct load *load, instant_ns now)
{
    return instant_until(now, load->start);
}

static void load_arm(struct load *load)
{
    instant_ns next = pace_next(&load->pace);
    if (next != INSTANT_NEVER) next = instant_add(load->start, next);
    alarm_set(&load->alarm, next);
}

static void load_check_finished(struct load *load)
{
    if (load->stopped || load->in_flight > 0 || load->waiting_count > 0) return;
    if (pace_next(&load->pace) != INSTANT_NEVER) return;
    load->run->complete = true;
    load_stop(load);
    load->on_finished(load->context);
}

static void load_on_sent(void *context, uint32_t request, instant_ns now)
{
    struct load *load = context;
    struct run_answer *answer = &load->run->answers[request];
    answer->sent_ns = load_offset(load, now);
    if (load->pulse == NULL) return;
    load->pulse->sent++;
    load->pulse->late += instant_until(answer->sent_ns, answer->intended_ns) > LOAD_LATE_NS;
}

static void load_on_over(void *context, uint32_t request, const struct link_result *result,
                         instant_ns now)
{
    struct load *load = context;
    struct run_answer *answer = &load->run->answers[request];
    load->in_flight--;
    answer->done_ns = load_offset(load, now);
    switch (result->end) {
    case LINK_ANSWERED:
        answer->answers++;
        answer->http_status = (uint16_t)result->status;
        answer_read(load->run, request, result->body, result->length);
        break;
    case LINK_HUNG_UP: answer->hung_up = true; break;
    case LINK_FAILED: break;
    case LINK_GAVE_UP: break;
    }
    pace_done(&load->pace, request, answer->done_ns);
}

static size_t load_body(const struct load *load, const struct arrival *arrival)
{
    return load->body_base[arrival->workload] + arrival->key;
}

/* False when it has to wait for a connection. */
static bool load_send(struct load *load, uint32_t request)
{
    const struct arrival *arrival = &load->run->plan->items[request];
    const struct client_faults *client = &load->run->scenario->workloads[arrival->workload].client;
    struct run_answer *answer = &load->run->answers[request];
    size_t body = load_body(load, arrival);
    uint64_t upload_ns = schedule_upload_ns(load->run->scenario, arrival);
    char id[REQUEST_ID_MAX];
    struct link_request sending = {
        .request = request,
        .id = schedule_request_id(request, id),
        .body = load->bodies[body],
        .length = load->body_lengths[body],
        .due = instant_add(load->start, answer->intended_ns - upload_ns),
        .over_ns = upload_ns,
        .hang_up_ns = arrival->manner == CLIENT_HANGS_UP ? client->after_ns : INSTANT_NEVER,
        .give_up_ns = load->give_up_ns,
    };
    load->in_flight++;
    if (load_links_send(load->links, &sending)) return true;
    load->in_flight--;
    return false;
}

/* Takes what is due from the pace, behind what waits already. */
static void load_take_due(struct load *load)
{
    uint64_t now = load_offset(load, clock_now());
    size_t room = load->run->plan->count;
    for (;;) { /* ends: a request is taken once */
        instant_ns next = pace_next(&load->pace);
        if (next > now) return;
        uint32_t request = pace_take(&load->pace);
        struct run_answer *answer = &load->run->answers[request];
        answer->intended_ns =
            next + schedule_upload_ns(load->run->scenario, &load->run->plan->items[request]);
        if (load->waiting_count == 0 && load_send(load, request)) continue;
        load->waiting[(load->waiting_at + load->waiting_count++) % room] = request;
    }
}

/* Everything that can be done now. */
static void load_turn(void *context)
{
    struct load *load = context;
    if (load->stopped || load->turning || clock_now() < load->start) return;
    load->turning = true;
    while (load->waiting_count > 0 && load_send(load, load->waiting[load->waiting_at])) {
        load->waiting_at = (load->waiting_at + 1) % load->run->plan->count;
        load->waiting_count--;
    }
    load_take_due(load);
    load->turning = false;
    load_arm(load);
    load_check_finished(load);
}

void load_prepare(struct load *load)
{
    const struct scenario *scenario = load->run->scenario;
    load->body_base = mem_alloc(scenario->workload_count, sizeof(size_t));
    for (size_t w = 0; w < scenario->workload_count; w++) {
        load->body_base[w] = load->body_count;
        load->body_count += scenario->workloads[w].key_count;
    }
    load->bodies = mem_alloc(load->body_count, sizeof(char *));
    load->body_lengths = mem_alloc(load->body_count, sizeof(size_t));
    for (size_t i = 0; i < load->run->plan->count; i++) {
        const struct arrival *arrival = &load->run->plan->items[i];
        size_t at = load_body(load, arrival);
        if (load->bodies[at] != NULL) continue;
        struct buf buf;
        buf_init(&buf, BUF_UNBOUNDED);
        workload_write_request(&buf, scenario, arrival->workload, arrival->key);
        load->body_lengths[at] = buf.length;
        load->bodies[at] = buf_take(&buf);
    }
}

void load_start(struct load *load)
{
    struct load_links_config config = {
        .loop = load->loop,
        .address = load->address,
        .path = load_path,
        .on_sent = load_on_sent,
        .on_over = load_on_over,
        .after_event = load_turn,
        .context = load,
    };
    if (load->bodies == NULL) load_prepare(load);
    load->waiting = mem_alloc(load->run->plan->count, sizeof *load->waiting);
    pace_init(&load->pace, load->run->scenario, load->run->plan);
    load->links = load_links_create(&config);
    alarm_init(&load->alarm, load->loop, load_turn, load);
    load_arm(load);
}

void load_stop(struct load *load)
{
    if (load->links == NULL || load->stopped) return;
    load->stopped = true;
    alarm_close(&load->alarm);
    load_links_stop(load->links);
}

static void load_close_links(struct load *load)
{
    if (load->links == NULL) return;
    assert(load->stopped);
    load_links_destroy(load->links);
    load->links = NULL;
    pace_deinit(&load->pace);
    mem_free(load->waiting);
}

void load_close(struct load *load)
{
    load_close_links(load);
    for (size_t i = 0; i < load->body_count; i++)
        mem_free(load->bodies[i]);
    mem_free(load->bodies);
    mem_free(load->body_lengths);
    mem_free(load->body_base);
    load->bodies = NULL;
    load->body_lengths = NULL;
    load->body_base = NULL;
    load->body_count = 0;
}
