#include "harness/load_links.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/timers.h"
#include "harness/load_link.h"
#include "net/alarm.h"

enum { LINKS_EVENTS_MAX = 64 };

struct load_links {
    struct load_links_config config;
    char head_front[LINK_HEAD_BYTES_MAX]; /* of every request, up to its id */
    int epoll;
    uv_poll_t poll; /* of the epoll descriptor */
    struct alarm alarm;
    struct timers deadlines;                 /* by link */
    struct load_link *links[LOAD_LINKS_MAX]; /* owned; made when first needed */
    uint32_t link_count;
    uint32_t idle[LOAD_LINKS_MAX]; /* stacks: the link used last is used next */
    uint32_t idle_count;
    uint32_t closed[LOAD_LINKS_MAX];
    uint32_t closed_count;
    bool stopped;
};

static void raise_open_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static uint32_t links_busy(const struct load_links *links)
{
    return links->link_count - links->idle_count - links->closed_count;
}

static void put_back(struct load_links *links, const struct load_link *link)
{
    if (link->state == LINK_IDLE)
        links->idle[links->idle_count++] = link->number;
    else
        links->closed[links->closed_count++] = link->number;
}

static struct load_link *take_closed(struct load_links *links)
{
    if (links->closed_count > 0) return links->links[links->closed[--links->closed_count]];
    if (links->link_count == LOAD_LINKS_MAX) return NULL;
    struct load_link *link = mem_alloc(1, sizeof *link);
    link_init(link, links->link_count, links->epoll);
    links->links[links->link_count++] = link;
    return link;
}

/* The alarm may ring for a deadline that has moved on; it never rings too late. */
static void arm(struct load_links *links, const struct load_link *link)
{
    timers_set(&links->deadlines, link->number, link_deadline(link));
    instant_ns next = timers_next(&links->deadlines);
    if (next < links->alarm.due) alarm_set(&links->alarm, next);
}

static void over(struct load_links *links, struct load_link *link, enum link_end end,
                 instant_ns now)
{
    struct link_result result = { .end = end };
    bool reusable = end == LINK_ANSWERED && link_is_reusable(link);
    if (end == LINK_ANSWERED) {
        result.status = link->reply.status;
        result.body = link->in.data + link->reply.body_at;
        result.length = link->reply.body_length;
    }
    timers_clear(&links->deadlines, link->number);
    links->config.on_over(links->config.context, link->request.request, &result, now);
    if (reusable) {
        link->state = LINK_IDLE;
        link->reused = true;
    } else {
        link_close(link);
    }
    put_back(links, link);
}

static void on_step(struct load_links *links, struct load_link *link, enum link_step step,
                    instant_ns now)
{
    switch (step) {
    case LINK_STEP_ON: arm(links, link); return;
    case LINK_STEP_SENT:
        if (!link->told_sent) {
            links->config.on_sent(links->config.context, link->request.request, now);
        }
        link->told_sent = true;
        arm(links, link);
        return;
    case LINK_STEP_ANSWERED: over(links, link, LINK_ANSWERED, now); return;
    case LINK_STEP_LOST: break;
    }
    if (link_may_resend(link)) {
        link_close(link);
        link->resent = true;
        if (link_begin(link, links->config.address)) {
            arm(links, link);
            return;
        }
    }
    over(links, link, LINK_FAILED, now);
}

/* The other side closed an idle connection, or sent what nobody asked for. */
static void drop_idle(struct load_links *links, struct load_link *link)
{
    uint32_t at = links->idle_count;
    while (at > 0 && links->idle[at - 1] != link->number)
        at--;
    assert(at > 0);
    memmove(&links->idle[at - 1], &links->idle[at], (links->idle_count - at) * sizeof(uint32_t));
    links->idle_count--;
    link_close(link);
    put_back(links, link);
}

static void on_event(struct load_links *links, const struct epoll_event *event)
{
    struct load_link *link = event->data.ptr;
    if (link->fd < 0) return; /* closed by an event before it */
    if (link->state == LINK_IDLE) {
        if (link_read(link) == LINK_STEP_LOST) drop_idle(links, link);
        return;
    }
    bool in = (event->events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0;
    instant_ns now = clock_now();
    enum link_step step = LINK_STEP_ON;
    if (link->state == LINK_CONNECTING)
        step = link_write(link, now);
    else if (in)
        step = link_read(link);
    else if ((event->events & EPOLLOUT) != 0)
        step = link_write(link, now);
    on_step(links, link, step, now);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    struct load_links *links = poll->data;
    struct epoll_event list[LINKS_EVENTS_MAX];
    int count = epoll_wait(links->epoll, list, LINKS_EVENTS_MAX, 0);
    for (int i = 0; i < count && !links->stopped; i++) {
        on_event(links, &list[i]);
        if (!links->stopped) links->config.after_event(links->config.context);
    }
}

static void on_deadline(struct load_links *links, struct load_link *link, instant_ns now)
{
    const struct link_request *request = &link->request;
    if (link->state == LINK_WAITING) {
        bool hangs_up = request->hang_up_ns < request->give_up_ns;
        over(links, link, hangs_up ? LINK_HUNG_UP : LINK_GAVE_UP, now);
        return;
    }
    instant_ns patience =
        instant_add(instant_add(request->due, request->over_ns), request->give_up_ns);
    if (now >= patience || link->fd < 0) {
        over(links, link, link->fd < 0 ? LINK_FAILED : LINK_GAVE_UP, now);
    } else {
        on_step(links, link, link_write(link, now), now);
    }
}

static void on_due(void *context)
{
    struct load_links *links = context;
    instant_ns now = clock_now();
    while (!links->stopped) { /* ends: each turn takes a deadline, and new ones lie ahead */
        uint32_t number = timers_pop(&links->deadlines, now);
        if (number == TIMERS_NONE) break;
        on_deadline(links, links->links[number], now);
        if (!links->stopped) links->config.after_event(links->config.context);
    }
    if (!links->stopped) alarm_set(&links->alarm, timers_next(&links->deadlines));
}

struct load_links *load_links_create(const struct load_links_config *config)
{
    struct load_links *links = mem_alloc(1, sizeof *links);
    links->config = *config;
    raise_open_files();
    snprintf(links->head_front, sizeof links->head_front,
             "POST %s%s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n"
             "X-Request-Id: ",
             config->address->path, config->path, config->address->host);
    timers_init(&links->deadlines, LOAD_LINKS_MAX);
    links->epoll = epoll_create1(EPOLL_CLOEXEC);
    assert(links->epoll >= 0);
    int rc = uv_poll_init(config->loop, &links->poll, links->epoll);
    assert(rc == 0);
    links->poll.data = links;
    uv_poll_start(&links->poll, UV_READABLE, on_poll);
    alarm_init(&links->alarm, config->loop, on_due, links);
    return links;
}

bool load_links_send(struct load_links *links, const struct link_request *request)
{
    struct load_link *link =
        links->idle_count > 0 ? links->links[links->idle[--links->idle_count]] : take_closed(links);
    if (link == NULL) return false;
    link->request = *request;
    link->resent = false;
    link->told_sent = false;
    int length = snprintf(link->head, sizeof link->head, "%s%s\r\nContent-Length: %zu\r\n\r\n",
                          links->head_front, request->id, request->length);
    assert(length > 0 && (size_t)length < sizeof link->head);
    link->head_length = (size_t)length;
    instant_ns now = clock_now();
    if (!link_begin(link, links->config.address)) {
        if (links_busy(links) > 1) {
            put_back(links, link);
            return false;
        }
        /* No socket, and none will be given back: it fails, in a turn of its own. */
        timers_set(&links->deadlines, link->number, now);
        alarm_set(&links->alarm, now);
        return true;
    }
    if (link->state == LINK_SENDING)
        on_step(links, link, link_write(link, now), now);
    else
        arm(links, link);
    return true;
}

void load_links_stop(struct load_links *links)
{
    if (links->stopped) return;
    links->stopped = true;
    uv_close((uv_handle_t *)&links->poll, NULL);
    alarm_close(&links->alarm);
    for (uint32_t i = 0; i < links->link_count; i++)
        link_close(links->links[i]);
}

void load_links_destroy(struct load_links *links)
{
    if (links == NULL) return;
    assert(links->stopped);
    for (uint32_t i = 0; i < links->link_count; i++) {
        link_deinit(links->links[i]);
        mem_free(links->links[i]);
    }
    close(links->epoll);
    timers_deinit(&links->deadlines);
    mem_free(links);
}
