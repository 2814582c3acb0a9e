#ifndef MOCK_PROXY_H
#define MOCK_PROXY_H
/* With --upstream: requests go on to a real tollama, and a scenario's faults are applied to what it
 * answers. The control interface stays ours.
 *
 *   request -> plan -> a status or a broken forecast of the scenario's own: the upstream is not
 *                      asked
 *                   -> else forwarded; its answer is played by the plan while it comes: delayed,
 *                      cut, slowed, reset ... The plan's zero is the moment its head was here.
 *   upstream fails  -> before its head was here: 502, or 504 when it took too long. Later: what
 *                      came is passed on, then RST for its RST, else FIN. The ledger's "upstream"
 *                      says how.
 *
 * A client that takes slowly makes the upstream wait, with at most PROXY_WINDOW_BYTES in between.
 * Answers are held until they are whole, at most MOCK_BODY_BYTES_MAX, when the plan needs that:
 * a share of a body without a Content-Length, truncated_json, huge_body, malformed framing. */

#include "mock/record.h"
#include "mock/state.h"

struct proxy;

struct proxy_config {
    const char *url;         /* "http://127.0.0.1:11435" */
    uint64_t timeout_ns; /* from a call's start to its head, then between two pieces of its body; of
                            an answer that is held: to its last byte */
    const char *record_path; /* NULL: none */
    bool record_bodies;
};

MUST_USE enum err proxy_create(struct mock *mock, const struct proxy_config *config,
                               struct proxy **out, struct err_note *note);
/* Ends every call; no play may take from one any more. Accepts NULL. Run the loop once more, then
 * mem_free() it. */
void proxy_close(struct proxy *proxy);

/* Whether the upstream has a part in this plan's answer. */
bool proxy_is_asked(const struct reply_plan *plan);
/* Forwards the order's exchange and plays the order when the answer is there. `order` has all but
 * the answer; its texts and its owner are taken over. */
void proxy_forward(struct proxy *proxy, const struct player_order *order);
/* Forwards a request that no scenario touches. */
void proxy_pass(struct proxy *proxy, struct http_exchange *exchange);
/* The client of an exchange went away: true when its call was ours. */
bool proxy_gone(struct proxy *proxy, struct http_exchange *exchange);

#endif
