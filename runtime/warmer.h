#ifndef RUNTIME_WARMER_H
#define RUNTIME_WARMER_H
/* Binds core/warmup.h to the upstream: health checks (GET /v1/health, or /api/version where there
 * is none) and synthetic forecasts of the model profiles, by the client, the body and the checks of
 * real attempts, but past the engine: they count for no breaker, cache, pool or latency.
 *
 * Their X-Request-ID is "warmup-<model>-<n>" ("warmup-health-<n>"). Requests that arrive before
 * all is warm are served by the chain as ever: /health/ready tells load balancers, it stops nobody.
 */

#include <stdbool.h>

#include "base/buf.h"
#include "base/json.h"
#include "core/breaker.h"
#include "core/classify.h"

struct service;
struct warmer;

/* Starts with the next turn of the loop. From service_create(), while the setup's texts live. */
struct warmer *warmer_create(struct service *service);
/* No call from now on; one under way is cancelled. Not from a callback of libcurl. */
void warmer_stop(struct warmer *warmer);
/* Stops and closes its handle; turn the loop once more, then free. */
void warmer_close(struct warmer *warmer);
void warmer_free(struct warmer *warmer);

/* An attempt of a real request at `model` ended; in a turn of the service, as the next. */
void warmer_on_attempt(struct warmer *warmer, const char *model, enum outcome outcome);
void warmer_on_breaker(struct warmer *warmer, enum breaker_state to);

/* Takes the settings that a reload changed; not from a callback of libcurl. */
void warmer_reloaded(struct warmer *warmer);

bool warmer_is_ready(const struct warmer *warmer);
/* "upstream":"reachable","models":[{"model":..,"state":"cold|warm|cooled","failures":..,"last":..}]
 * into an open object; nothing when there is no warmup, or none at present (baseline_only). */
void warmer_write_status(const struct warmer *warmer, struct json *json);
/* tsfm_warm{model} of this process; tsfm_warmup_total{result} is in struct metrics. */
void warmer_write_metrics(const struct warmer *warmer, struct buf *out);

#endif
