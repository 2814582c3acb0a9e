#include "scenario/plan_models.h"

#include "base/instant.h"
#include "base/rng.h"

static struct plan_model *find(struct plan_models *models, uint64_t name)
{
    struct plan_model *oldest = &models->items[0];
    for (size_t i = 0; i < PLAN_MODELS_MAX; i++) {
        struct plan_model *model = &models->items[i];
        if (!model->known || model->name == name) return model;
        if (model->used_ns < oldest->used_ns) oldest = model;
    }
    *oldest = (struct plan_model){ .known = false };
    return oldest;
}

uint64_t plan_models_wait_ns(struct plan_models *models, const struct fault *fault,
                             const char *name, uint64_t now_ns)
{
    uint64_t hash = name == NULL ? 0 : hash_text(name);
    struct plan_model *model = find(models, hash);
    bool left = model->known && fault->idle_ns > 0 &&
                instant_until(now_ns, u64_max(model->used_ns, model->ready_ns)) > fault->idle_ns;
    if (!model->known || left) {
        *model =
            (struct plan_model){ .known = true, .name = hash, .ready_ns = now_ns + fault->for_ns };
    }
    model->used_ns = u64_max(model->used_ns, now_ns);
    return instant_until(model->ready_ns, now_ns);
}
