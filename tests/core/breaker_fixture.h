#ifndef TESTS_BREAKER_FIXTURE_H
#define TESTS_BREAKER_FIXTURE_H
/* A breaker with the configuration of its header's example: three failures within 30 s open it for
 * exactly 15 s, two probes of at most 2 s close it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/breaker.h"

extern const struct breaker_config example;
extern struct breaker_transition last; /* the latest transition */

bool advance(struct breaker *breaker, instant_ns now);
/* Must be admitted. */
struct breaker_permit admit(struct breaker *breaker, instant_ns now);
/* Admitted and reported at the same moment; true when that moved the breaker. */
bool attempt(struct breaker *breaker, enum outcome outcome, instant_ns now);
void open_at(struct breaker *breaker, instant_ns now);
/* Opens it one cooldown earlier and advances; only for a breaker without jitter. */
void half_open_at(struct breaker *breaker, instant_ns now);

#endif
