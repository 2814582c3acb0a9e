#ifndef MOCK_REGISTRY_H
#define MOCK_REGISTRY_H
/* The models of the mock: which it knows, which are installed, which are in memory just now.
 *
 *   known ----pull----> installed ----forecast----> loaded
 *           (licence)               <--keep_alive--
 *
 * Without --models there are a few names to try things with, and any other name is taken as an
 * installed model when it is first asked for, so that a client works whatever its model is called.
 * With --models only the names given exist.
 *
 *     --models chronos2,timesfm-2.5-200m     installed, nothing to accept
 *     --models models.yaml                   a list of
 *         - { name: chronos2, family: torch, size: 120MiB, installed: true, license: none }
 * where `license` is none, accepted or required (a pull must accept it). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/instant.h"

enum { REGISTRY_MODELS_MAX = 256, REGISTRY_NAME_MAX = 128 };

enum model_license { LICENSE_NONE, LICENSE_ACCEPTED, LICENSE_REQUIRED };

struct model {
    const char *name; /* in the registry's arena */
    const char *family;
    uint64_t size_bytes;
    bool installed;
    enum model_license license;
    bool loaded;
    instant_ns loaded_until; /* INSTANT_NEVER: stays */
    uint64_t loads;
};

struct registry {
    struct arena arena;
    struct model *models; /* owned: REGISTRY_MODELS_MAX */
    size_t count;
    bool open; /* any name is a model */
};

/* `models` as given to --models; NULL: the default ones, open. */
MUST_USE enum err registry_init(struct registry *registry, const char *models,
                                struct err_note *note);
void registry_deinit(struct registry *registry);

struct model *registry_find(struct registry *registry, const char *name);

enum model_state { MODEL_READY, MODEL_UNKNOWN, MODEL_NOT_INSTALLED, MODEL_NOT_LICENSED };

/* Whether a forecast may use it; an open registry takes a new name in. */
enum model_state registry_check(struct registry *registry, const char *name, struct model **out);

/* How long a model stays in memory after a forecast. */
struct keep_alive {
    bool given;
    double seconds; /* < 0: for ever; 0: it is unloaded at once */
};

/* As tollama reads "keep_alive": "300", "90s", "5m", "1h", "1d", "-1". False: none of these. */
bool keep_alive_parse(const char *text, struct keep_alive *out);

/* A forecast used it. Without a keep_alive it stays. */
void model_use(struct model *model, const struct keep_alive *keep, instant_ns now);
/* Models whose time is over leave memory. */
void registry_expire(struct registry *registry, instant_ns now);
/* Nothing is loaded, as after a start. */
void registry_unload(struct registry *registry);

#endif
