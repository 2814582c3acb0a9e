/* Attempts that are decided by their head, because a fault in force may stop in the request. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "mock/attempt.h"
#include "scenario/plan_state.h"

/* Of a request that no fault stopped and that has no fate yet. */
static struct attempt_early past_head;

/* Where reading stops; a body that comes in chunks has no length, so a share of it is never
 * reached before its end. */
static size_t stop_bytes(struct http_exchange *exchange, const struct plan_stop *stop)
{
    const char *length = http_exchange_header(exchange, "Content-Length");
    if (length == NULL && !stop->to_is_bytes && stop->at == STOP_AT_BODY) return SIZE_MAX;
    return plan_stop_end(stop, length == NULL ? SIZE_MAX : strtoull(length, NULL, 10));
}

/* A request without an id is known by its body, which is not here yet. Only when a fault stops
 * before it is there does the order in which heads come have to do; true then. */
static bool plan_by_head(struct attempt_early *early, const struct plan_query *query,
                         bool has_id)
{
    if (!has_id) return plan_make_head(early->stage->plans, query, &early->plan);
    plan_make(early->stage->plans, query, &early->plan);
    return true;
}

bool attempt_is_past_head(const struct attempt_early *early)
{
    return early == &past_head;
}

static void early_free(struct attempt_early *early)
{
    mem_free(early->identity.id);
    stage_release(early->stage);
    mem_free(early);
}

void attempt_on_head(struct mock *mock, struct http_exchange *exchange, const char *path)
{
    if (mock->show.scenario == NULL && mock->show.fault == NULL) return;
    instant_ns now = clock_now();
    struct show_pick pick = show_pick(&mock->show, now);
    if (pick.stage == NULL || !plan_needs_head(pick.stage->plans, pick.offset_ns)) return;
    const char *request_id = http_exchange_header(exchange, "X-Request-ID");
    struct attempt_early *early = mem_alloc(1, sizeof *early);
    early->identity = identity_make(
        &mock->identities, &(struct identity_source){
                               .request_id = request_id,
                               .attempt = http_exchange_header(exchange, "X-Attempt"),
                               .body = "",
                           });
    early->at_ns = show_offset_ns(&mock->show, now);
    early->path = path;
    early->stage = stage_hold(pick.stage);
    const struct plan_query query = {
        .request_key = hash_text(early->identity.id),
        .attempt = early->identity.attempt,
        .offset_ns = pick.offset_ns,
        .path = path,
    };
    if (!plan_by_head(early, &query, request_id != NULL && request_id[0] != '\0')) {
        http_exchange_set_user(exchange, &past_head);
        early_free(early);
        return;
    }
    http_exchange_set_user(exchange, early);
    if (early->plan.stop.at == STOP_NONE) return;
    http_exchange_stop_at(exchange, stop_bytes(exchange, &early->plan.stop));
}

void attempt_on_dropped(struct mock *mock, struct http_exchange *exchange)
{
    struct attempt_early *early = http_exchange_user(exchange);
    if (early == NULL) return;
    http_exchange_set_user(exchange, NULL);
    if (early == &past_head) return;
    ledger_add(&mock->ledger, &(struct ledger_entry){
                                  .id = early->identity.id,
                                  .attempt = early->identity.attempt,
                                  .at_ns = early->at_ns,
                                  .path = early->path,
                                  .plan = &early->plan,
                                  .status = early->plan.status,
                                  .asked_ns = early->plan.steps[0].after_ns,
                                  .first_ns = LEDGER_NONE,
                                  .last_ns = LEDGER_NONE,
                                  .end = LEDGER_CLIENT_GONE,
                              });
    early_free(early);
}
