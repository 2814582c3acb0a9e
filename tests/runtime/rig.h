#ifndef TESTS_RUNTIME_RIG_H
#define TESTS_RUNTIME_RIG_H
/* The service on a free port with a model server that plays a script, all on one loop, and a caller
 * on plain sockets who turns that loop while it waits. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include <cjson/cJSON.h>

#include "config/config.h"
#include "net/http_server.h"
#include "runtime/secrets.h"
#include "runtime/service.h"

#define SETS(...) ((const char *const[]){ __VA_ARGS__, NULL })
/* The script from here on: PLAY(&rig, { .move = RIG_RESET }, { .move = RIG_FORECAST }) */
#define PLAY(rig, ...)                                                                             \
    rig_play((rig), (const struct rig_step[]){ __VA_ARGS__ },                                      \
             sizeof((const struct rig_step[]){ __VA_ARGS__ }) / sizeof(struct rig_step))

enum { RIG_SCRIPT_MAX = 16, RIG_HUNG_MAX = 16, RIG_TEXT_MAX = 128 };

enum rig_move {
    RIG_FORECAST,  /* 200, quantiles 0.4 0.5 0.6 in logit space */
    RIG_WRONG_ID,  /* the same, with an X-Request-ID that was not sent */
    RIG_NO_ID,     /* the same, without the header */
    RIG_BODY,      /* 200 with `text` */
    RIG_STATUS,    /* `status`, with Retry-After: `text` when it is set */
    RIG_RESET,     /* `text`, then a TCP reset */
    RIG_CLOSE,     /* `text`, then FIN */
    RIG_HANG,      /* no answer */
};

struct rig_step {
    enum rig_move move;
    unsigned status;
    const char *text; /* borrowed; may be NULL */
};

struct rig {
    uv_loop_t loop;
    struct runtime_config config;
    struct log log;
    struct http_server *upstream;
    struct service *service;
    struct rig_step script[RIG_SCRIPT_MAX]; /* one per attempt; the last one repeats */
    size_t script_count;
    size_t attempts;              /* that reached the model server */
    char last_id[RIG_TEXT_MAX];   /* headers of the latest attempt */
    char last_attempt[RIG_TEXT_MAX];
    char last_parent[RIG_TEXT_MAX]; /* traceparent and tracestate */
    char last_state[RIG_TEXT_MAX];
    char last_authorization[RIG_TEXT_MAX];
    char *last_body;              /* owned */
    unsigned health_status;       /* of GET /v1/health; 0: 200. Not in the script, as all GETs */
    size_t health_checks;
    char last_get[RIG_TEXT_MAX];  /* path of the latest GET */
    struct http_exchange *hung[RIG_HUNG_MAX];
    size_t hung_count;
    bool drained;
};

/* `sets`: "key=value" over the defaults and some long time limits, NULL-terminated. */
void rig_start(struct rig *rig, const char *const sets[]);

struct rig_more {
    const struct secrets *secrets; /* NULL: none */
    const char *upstream;          /* base URL; NULL: the rig's own model server */
    const char *log_path;          /* NULL: nowhere */
};

/* Starts the service alone: after rig_start_upstream(). */
void rig_start_service(struct rig *rig, const char *const sets[], const struct rig_more *more);
void rig_stop(struct rig *rig);
/* Only the model server, on a free port, without a service: for tests of the program. */
void rig_start_upstream(struct rig *rig);
void rig_stop_upstream(struct rig *rig);
uint16_t rig_upstream_port(const struct rig *rig);
/* Closes the model server, and opens it again at `port`. */
void rig_lose_upstream(struct rig *rig);
void rig_regain_upstream(struct rig *rig, uint16_t port);
/* Answers what hangs with a forecast. */
void rig_answer_hung(struct rig *rig);
void rig_play(struct rig *rig, const struct rig_step *steps, size_t count);

/* Turns the loop until `condition`; fails the test after some seconds. */
void rig_until(struct rig *rig, bool (*condition)(struct rig *rig));
/* One short turn, at most some milliseconds long. `fd`: woken by it too, -1 for none. */
void rig_turn(struct rig *rig, int fd);

struct rig_answer {
    unsigned status;
    char *head;  /* owned: all header lines */
    char *body;  /* owned */
    cJSON *json; /* owned: the body, NULL when it is not JSON */
};

/* Connects to a port of 127.0.0.1 and sends raw bytes. */
int rig_send(uint16_t port, const char *bytes, size_t length);
/* Reads one answer and closes the socket. */
struct rig_answer rig_receive(struct rig *rig, int fd);
void rig_answer_free(struct rig_answer *answer);
/* The value of a header line, "" when absent; valid until the next call. */
const char *rig_header(const struct rig_answer *answer, const char *name);
/* A text of the answer: "meta.cause"; "" for null or absent. */
const char *rig_text(const struct rig_answer *answer, const char *path);
/* meta.path (or path of a problem) as one text: "l1:miss breaker:closed attempt:ok". */
const char *rig_path(const struct rig_answer *answer);

uint16_t rig_port(const struct rig *rig);
/* POST /tsfm/forecast, not waiting for the answer. `id` NULL: no X-Request-Id. */
int rig_post(uint16_t port, const char *id, const char *body, size_t length);
struct rig_answer rig_ask(struct rig *rig, const char *id, const char *body);
struct rig_answer rig_get(struct rig *rig, const char *method, const char *path);
/* A request with `points` values 0.5, for market `market`. Owned by the caller (mem_free). */
char *rig_body(const char *market, unsigned points);
/* The same with a body of `points` values for `market`, and no X-Request-Id. */
struct rig_answer rig_ask_for(struct rig *rig, const char *market, unsigned points);
void rig_assert_meta(const struct rig_answer *answer, const char *name, const char *value);
bool rig_flag(const struct rig_answer *answer, const char *name); /* meta.<name> is true */
/* The second of exactly two values of yhat_q["0.1"]. */
double rig_value(const struct rig_answer *answer, const char *quantile);
/* A sample of GET /metrics, by its exact name and labels; fails the test when there is none. */
double rig_metric(struct rig *rig, const char *sample);

#endif
