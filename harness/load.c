#include "harness/load.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "harness/answer_read.h"
#include "scenario/workload.h"

enum { LOAD_CONNECTIONS_MAX = 1024, LOAD_RESPONSE_BYTES_MAX = 8 * 1024 * 1024 };

struct load_call {
    struct load *load;
    struct http_call *call; /* NULL when not in flight */
    uint32_t index;
};

static void load_on_due(void *context);

static uint64_t load_offset(const struct load *load)
{
    return instant_until(clock_now(), load->start);
}

/* The next moment something must be done: a request to send, or all that is left to give up. */
static void load_arm(struct load *load)
{
    const struct schedule *schedule = load->run->schedule;
    instant_ns due = INSTANT_NEVER;
    if (load->next < schedule->count) {
        due = instant_add(load->start, schedule->items[load->next].at_ns);
    } else if (load->in_flight > 0) {
        uint64_t last = schedule->items[schedule->count - 1].at_ns;
        due = instant_add(load->start, last + load->give_up_ns);
    }
    alarm_set(&load->alarm, due);
}

static void load_check_finished(struct load *load)
{
    if (load->stopped || load->in_flight > 0) return;
    if (load->next < load->run->schedule->count) return;
    load->stopped = true;
    load->run->complete = true;
    alarm_set(&load->alarm, INSTANT_NEVER);
    load->on_finished(load->context);
}

static void load_on_done(void *context, const struct http_result *result)
{
    struct load_call *call = context;
    struct load *load = call->load;
    struct run_answer *answer = &load->run->answers[call->index];
    call->call = NULL;
    load->in_flight--;
    answer->done_ns = load_offset(load);
    if (result->end == HTTP_END_COMPLETE) {
        answer->answers++;
        answer->http_status = (uint16_t)result->status;
        answer_read(load->run, call->index, result->body, result->body_length);
    }
    load_check_finished(load);
}

static size_t load_body(struct load *load, uint32_t workload, uint32_t key)
{
    size_t at = load->body_base[workload] + key;
    if (load->bodies[at] == NULL) {
        struct buf buf;
        buf_init(&buf, BUF_UNBOUNDED);
        workload_write_request(&buf, load->run->scenario, workload, key);
        load->body_lengths[at] = buf.length;
        load->bodies[at] = buf_take(&buf);
    }
    return at;
}

static void load_send(struct load *load, uint32_t index)
{
    const struct arrival *arrival = &load->run->schedule->items[index];
    struct load_call *call = &load->calls[index];
    size_t body = load_body(load, arrival->workload, arrival->key);
    char id[REQUEST_ID_MAX];
    char header[REQUEST_ID_MAX + 32];
    snprintf(header, sizeof header, "X-Request-Id: %s", schedule_request_id(index, id));
    struct http_call_config config = {
        .url = load->url,
        .method = "POST",
        .headers = { header, "Content-Type: application/json" },
        .body = load->bodies[body],
        .body_length = load->body_lengths[body],
        .response_bytes_max = LOAD_RESPONSE_BYTES_MAX,
        .on_done = load_on_done,
        .context = call,
    };
    *call = (struct load_call){ .load = load, .index = index };
    load->run->answers[index].sent_ns = load_offset(load);
    load->in_flight++;
    call->call = http_client_start(load->client, &config);
}

static void load_cancel_all(struct load *load)
{
    for (size_t i = 0; i < load->next; i++) {
        if (load->calls[i].call == NULL) continue;
        http_client_cancel(load->calls[i].call);
        load->calls[i].call = NULL;
        load->in_flight--;
    }
    assert(load->in_flight == 0);
}

static void load_on_due(void *context)
{
    struct load *load = context;
    if (load->stopped) return;
    const struct schedule *schedule = load->run->schedule;
    uint64_t now = load_offset(load);
    while (load->next < schedule->count && schedule->items[load->next].at_ns <= now) {
        load_send(load, (uint32_t)load->next++);
    }
    if (load->next == schedule->count) {
        uint64_t last = schedule->count == 0 ? 0 : schedule->items[schedule->count - 1].at_ns;
        if (now >= last + load->give_up_ns) load_cancel_all(load);
        load_check_finished(load);
        if (load->stopped) return;
    }
    load_arm(load);
}

void load_start(struct load *load)
{
    const struct scenario *scenario = load->run->scenario;
    struct http_client_config config = {
        .loop = load->loop,
        .connections_max = LOAD_CONNECTIONS_MAX,
        .keepalive_max = LOAD_CONNECTIONS_MAX,
        .keepalive_expiry_ns = 60 * NS_PER_S,
    };
    load->client = http_client_create(&config);
    load->calls = mem_alloc(load->run->schedule->count, sizeof *load->calls);
    load->body_base = mem_alloc(scenario->workload_count, sizeof(size_t));
    for (size_t w = 0; w < scenario->workload_count; w++) {
        load->body_base[w] = load->body_count;
        load->body_count += scenario->workloads[w].key_count;
    }
    load->bodies = mem_alloc(load->body_count, sizeof(char *));
    load->body_lengths = mem_alloc(load->body_count, sizeof(size_t));
    /* Bodies are made before the first is due, so that making them delays nothing. */
    for (size_t i = 0; i < load->run->schedule->count; i++) {
        const struct arrival *arrival = &load->run->schedule->items[i];
        load_body(load, arrival->workload, arrival->key);
    }
    alarm_init(&load->alarm, load->loop, load_on_due, load);
    alarm_set(&load->alarm, load->start);
}

void load_stop(struct load *load)
{
    if (load->client == NULL || load->stopped) return;
    load->stopped = true;
    alarm_set(&load->alarm, INSTANT_NEVER);
    load_cancel_all(load);
}

void load_close(struct load *load)
{
    if (load->client == NULL) return;
    assert(load->stopped);
    alarm_close(&load->alarm);
    http_client_destroy(load->client);
    load->client = NULL;
    for (size_t i = 0; i < load->body_count; i++) mem_free(load->bodies[i]);
    mem_free(load->bodies);
    mem_free(load->body_lengths);
    mem_free(load->body_base);
    mem_free(load->calls);
}
