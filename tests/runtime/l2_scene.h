#ifndef TESTS_RUNTIME_L2_SCENE_H
#define TESTS_RUNTIME_L2_SCENE_H
/* The service beside a real Redis. */

#include "../net/redis_process.h"
#include "rig.h"
#include "runtime/l2_envelope.h"

enum { SCENE_POINTS = 40 };

struct scene {
    struct redis_process redis;
    struct rig rig;
};

/* rig_start() with redis_url (and, before `sets`, limits that only a hang reaches); waits until
 * `tsfm_l2_connected` is 1. */
void scene_start(struct scene *scene, const char *const sets[]);
/* The same without waiting; `login` is ":PASSWORD@", or "". */
void scene_start_at(struct rig *rig, uint16_t port, const char *login, const char *const sets[]);
void scene_stop(struct scene *scene);
/* The runtime again, with an empty first level. */
void scene_restart_runtime(struct scene *scene, const char *const sets[]);

/* Turns the loop until a sample of /metrics is at least `least` (or is 0, when that is wanted). */
void scene_until(struct rig *rig, const char *sample, double least);
void scene_until_zero(struct rig *rig, const char *sample);
/* Asks for `market`; the answer came from `tier` ("none": from the model server) after `path`. */
void scene_expect(struct rig *rig, const char *market, const char *tier, const char *path);
/* Asks for `market` and waits until Redis has it. The key it lies under, owned (mem_free). */
char *scene_fill(struct scene *scene, const char *market);
/* Makes the value under `key` `older_ms` older (negative: younger). */
void scene_age(struct scene *scene, const char *key, int64_t older_ms);

#endif
