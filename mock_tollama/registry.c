#include "mock/registry.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/units.h"
#include "base/yaml.h"

static const struct model DEFAULTS[] = {
    { .name = "chronos", .family = "torch", .installed = true, .size_bytes = 120 << 20 },
    { .name = "chronos2", .family = "torch", .installed = true, .size_bytes = 120 << 20 },
    { .name = "mock", .family = "mock", .installed = true },
    { .name = "timesfm-2.5-200m", .family = "timesfm", .installed = true, .size_bytes = 200 << 20 },
    { .name = "timer-base", .family = "torch", .size_bytes = 80 << 20 },
    { .name = "moirai-2.0-small",
      .family = "uni2ts",
      .size_bytes = 60 << 20,
      .license = LICENSE_REQUIRED },
};

static const char *const LICENSES[] = { "none", "accepted", "required" };

struct model *registry_find(struct registry *registry, const char *name)
{
    for (size_t i = 0; i < registry->count; i++) {
        if (strcmp(registry->models[i].name, name) == 0) return &registry->models[i];
    }
    return NULL;
}

/* NULL when it is full. */
static struct model *add(struct registry *registry, const struct model *model)
{
    if (registry->count == REGISTRY_MODELS_MAX) return NULL;
    struct model *added = &registry->models[registry->count++];
    *added = *model;
    added->name = arena_copy_text(&registry->arena, model->name, strlen(model->name));
    added->family = arena_copy_text(&registry->arena, model->family, strlen(model->family));
    return added;
}

/* "models.yaml", which does not exist, is no model's name. */
static bool is_meant_as_file(const char *text)
{
    static const char *const ENDS[] = { ".yaml", ".yml", ".json" };
    const char *end = strrchr(text, '.');
    for (size_t i = 0; end != NULL && i < sizeof ENDS / sizeof ENDS[0]; i++) {
        if (strcmp(end, ENDS[i]) == 0) return true;
    }
    return false;
}

static enum err read_names(struct registry *registry, const char *text, struct err_note *note)
{
    if (text[0] == '\0') {
        return err_note_set(note, ERR_USAGE, NULL, 0, 0,
                            "--models: there is no name; write --models chronos2, or leave it out "
                            "and any name will do");
    }
    while (*text != '\0') {
        size_t length = strcspn(text, ",");
        if (length == 0 || length > REGISTRY_NAME_MAX) {
            return err_note_set(note, ERR_USAGE, NULL, 0, 0,
                                "--models: a name is empty or longer than %d; write --models "
                                "chronos2,timesfm-2.5-200m or name a file",
                                (int)REGISTRY_NAME_MAX);
        }
        char *name = arena_copy_text(&registry->arena, text, length);
        bool twice = registry_find(registry, name) != NULL;
        const struct model model = { .name = name, .family = "mock", .installed = true };
        if (!twice && add(registry, &model) == NULL) {
            return err_note_set(note, ERR_USAGE, NULL, 0, 0,
                                "--models: there are more than %d names", (int)REGISTRY_MODELS_MAX);
        }
        text += length + (text[length] == ',');
    }
    return ERR_OK;
}

static enum err read_flag(const struct yaml_file *file, const struct yaml_node *node, bool *out,
                          struct err_note *note)
{
    bool yes = node->kind == YAML_SCALAR && strcmp(node->text, "true") == 0;
    bool no = node->kind == YAML_SCALAR && strcmp(node->text, "false") == 0;
    *out = yes;
    if (yes || no) return ERR_OK;
    return yaml_note(file, node, note, "installed: write true or false");
}

static enum err read_license(const struct yaml_file *file, const struct yaml_node *node,
                             enum model_license *out, struct err_note *note)
{
    for (size_t i = 0; i < sizeof LICENSES / sizeof LICENSES[0]; i++) {
        if (node->kind != YAML_SCALAR || strcmp(node->text, LICENSES[i]) != 0) continue;
        *out = (enum model_license)i;
        return ERR_OK;
    }
    return yaml_note(file, node, note, "license: write none, accepted or required");
}

static enum err read_model(struct registry *registry, const struct yaml_file *file,
                           const struct yaml_node *node, struct err_note *note)
{
    static const char *const KEYS[] = { "name", "family", "size", "installed", "license" };
    struct model model = { .family = "mock", .installed = true };
    enum err rc = yaml_check_keys(file, node, "a model", KEYS, sizeof KEYS / sizeof KEYS[0], note);
    if (rc != ERR_OK) return rc;
    const struct yaml_node *name = yaml_get(node, "name");
    if (name == NULL || name->kind != YAML_SCALAR || name->text[0] == '\0' ||
        strlen(name->text) > REGISTRY_NAME_MAX) {
        return yaml_note(file, name != NULL ? name : node, note,
                         "a model needs a name of at most %d bytes, for example { name: chronos2 }",
                         (int)REGISTRY_NAME_MAX);
    }
    model.name = name->text;
    if (registry_find(registry, model.name) != NULL) {
        return yaml_note(file, name, note, "\"%.80s\" stands here twice; remove one", model.name);
    }
    const struct yaml_node *value = yaml_get(node, "family");
    if (value != NULL && value->kind == YAML_SCALAR) model.family = value->text;
    value = yaml_get(node, "size");
    if (value != NULL &&
        (value->kind != YAML_SCALAR || !units_parse_bytes(value->text, &model.size_bytes))) {
        return yaml_note(file, value, note, "size: write a number of bytes such as 120MiB");
    }
    value = yaml_get(node, "installed");
    if (value != NULL) rc = read_flag(file, value, &model.installed, note);
    value = yaml_get(node, "license");
    if (rc == ERR_OK && value != NULL) rc = read_license(file, value, &model.license, note);
    if (rc != ERR_OK) return rc;
    if (add(registry, &model) != NULL) return ERR_OK;
    return yaml_note(file, node, note, "more than %d models", (int)REGISTRY_MODELS_MAX);
}

static enum err read_file(struct registry *registry, const char *path, struct err_note *note)
{
    struct yaml_file file;
    struct stat st;
    if (stat(path, &st) == 0 && S_ISFIFO(st.st_mode)) {
        return err_note_set(note, ERR_INVALID, path, 0, 0,
                            "this is a pipe, and nobody may ever write to it; name a file");
    }
    enum err rc = yaml_load(&registry->arena, path, &file, note);
    if (rc != ERR_OK) return rc;
    if (file.root->kind != YAML_LIST || file.root->count == 0) {
        return yaml_note(&file, file.root, note,
                         "write a list of models such as - { name: chronos2, license: required }");
    }
    for (size_t i = 0; rc == ERR_OK && i < file.root->count; i++)
        rc = read_model(registry, &file, file.root->items[i], note);
    return rc;
}

enum err registry_init(struct registry *registry, const char *models, struct err_note *note)
{
    *registry = (struct registry){
        .models = mem_alloc(REGISTRY_MODELS_MAX, sizeof(struct model)),
        .open = models == NULL,
    };
    if (models != NULL) {
        bool is_file =
            strchr(models, '/') != NULL || file_exists(models) || is_meant_as_file(models);
        return is_file ? read_file(registry, models, note) : read_names(registry, models, note);
    }
    for (size_t i = 0; i < sizeof DEFAULTS / sizeof DEFAULTS[0]; i++)
        (void)add(registry, &DEFAULTS[i]);
    return ERR_OK;
}

void registry_deinit(struct registry *registry)
{
    mem_free(registry->models);
    arena_deinit(&registry->arena);
    *registry = (struct registry){ .count = 0 };
}

enum model_state registry_check(struct registry *registry, const char *name, struct model **out)
{
    struct model *model = registry_find(registry, name);
    if (model == NULL && registry->open && strlen(name) <= REGISTRY_NAME_MAX) {
        const struct model fresh = { .name = name, .family = "mock", .installed = true };
        model = add(registry, &fresh);
        /* Full: it is served all the same, but not shown. */
        if (model == NULL) {
            *out = NULL;
            return MODEL_READY;
        }
    }
    *out = model;
    if (model == NULL) return MODEL_UNKNOWN;
    if (model->license == LICENSE_REQUIRED) return MODEL_NOT_LICENSED;
    return model->installed ? MODEL_READY : MODEL_NOT_INSTALLED;
}

bool keep_alive_parse(const char *text, struct keep_alive *out)
{
    static const struct {
        char unit;
        double seconds;
    } UNITS[] = { { '\0', 1 }, { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
    size_t sign = text[0] == '-';
    size_t whole = strspn(text + sign, "0123456789");
    size_t length = sign + whole;
    if (whole == 0) return false;
    if (text[length] == '.') {
        size_t decimals = strspn(text + length + 1, "0123456789");
        if (decimals == 0) return false;
        length += 1 + decimals;
    }
    char unit = text[length];
    if (unit >= 'A' && unit <= 'Z') unit = (char)(unit - 'A' + 'a');
    if (unit != '\0' && text[length + 1] != '\0') return false;
    for (size_t i = 0; i < sizeof UNITS / sizeof UNITS[0]; i++) {
        if (UNITS[i].unit != unit) continue;
        *out = (struct keep_alive){ .given = true, .seconds = strtod(text, NULL) };
        out->seconds *= UNITS[i].seconds;
        return isfinite(out->seconds);
    }
    return false;
}

void model_use(struct model *model, const struct keep_alive *keep, instant_ns now)
{
    if (!model->loaded) model->loads++;
    model->loaded = !(keep->given && keep->seconds == 0);
    model->loaded_until = INSTANT_NEVER;
    if (!keep->given || keep->seconds < 0) return;
    double ns = keep->seconds * (double)NS_PER_S;
    if (ns < 0x1p63) model->loaded_until = instant_add(now, (uint64_t)ns);
}

void registry_expire(struct registry *registry, instant_ns now)
{
    for (size_t i = 0; i < registry->count; i++) {
        struct model *model = &registry->models[i];
        if (model->loaded && now >= model->loaded_until) model->loaded = false;
    }
}

void registry_unload(struct registry *registry)
{
    for (size_t i = 0; i < registry->count; i++)
        registry->models[i].loaded = false;
}
