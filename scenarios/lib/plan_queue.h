#ifndef SCENARIO_PLAN_QUEUE_H
#define SCENARIO_PLAN_QUEUE_H
/* The upstream's workers and its queue: when each worker is free again, and how many requests wait.
 * First come, first served; a moment before the one asked about last counts as that one. */

#include <stdbool.h>
#include <stdint.h>

#include "scenario/capacity.h"

struct plan_queue;

/* Never NULL. */
struct plan_queue *plan_queue_create(const struct capacity *capacity);
/* Accepts NULL. */
void plan_queue_destroy(struct plan_queue *queue);
void plan_queue_reset(struct plan_queue *queue);

bool plan_queue_is_full(struct plan_queue *queue, uint64_t now_ns);
/* Takes the worker that is free first, for `service_ns`; returns how long that is to wait for. The
 * queue must not be full. */
uint64_t plan_queue_take(struct plan_queue *queue, uint64_t now_ns, uint64_t service_ns);

#endif
