#ifndef SCENARIO_LATENCY_PRIVATE_H
#define SCENARIO_LATENCY_PRIVATE_H
/* Shared by latency.c, latency_table.c and latency_samples.c; nobody else includes it. */

#include "scenario/latency.h"

#define SHARE_ALL UINT32_C(1000000)

extern const char latency_table_hint[];

/* Copies the rows into the arena; out->text stays. */
void latency_keep(struct arena *arena, const uint32_t *share_ppm, const uint64_t *value_ns,
                  uint32_t count, struct latency *out);
/* { p50: 40ms, max: 400ms } */
MUST_USE enum err latency_parse_table(const struct value_reader *reader,
                                      const struct yaml_node *node, struct latency *out);
/* { samples: FILE } */
MUST_USE enum err latency_parse_samples(const struct value_reader *reader,
                                        const struct yaml_node *node, struct latency *out);

#endif
