#include "harness/capsule.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "harness/story.h"

enum { CAPSULE_FOLDER_MAX = 4096 };

static const struct check *find_failed(const struct suite_world *world)
{
    for (size_t i = 0; world->present && i < world->verdict.count; i++) {
        if (world->verdict.checks[i].status == CHECK_FAIL) return &world->verdict.checks[i];
    }
    return NULL;
}

static struct yaml_node *new_scalar(struct arena *arena, const char *text)
{
    struct yaml_node *node = arena_alloc(arena, 1, sizeof *node);
    *node = (struct yaml_node){ .kind = YAML_SCALAR, .text = text };
    return node;
}

static struct yaml_node *new_map(struct arena *arena)
{
    struct yaml_node *node = arena_alloc(arena, 1, sizeof *node);
    node->kind = YAML_MAP;
    return node;
}

/* Replaces the key's value, or puts the key behind the others. */
static void put(struct arena *arena, struct yaml_node *map, const char *key,
                struct yaml_node *value)
{
    for (size_t i = 0; i < map->count; i++) {
        if (strcmp(map->keys[i]->text, key) != 0) continue;
        map->items[i] = value;
        return;
    }
    struct yaml_node **items = arena_alloc(arena, map->count + 1, sizeof *items);
    struct yaml_node **keys = arena_alloc(arena, map->count + 1, sizeof *keys);
    for (size_t i = 0; i < map->count; i++) {
        items[i] = map->items[i];
        keys[i] = map->keys[i];
    }
    items[map->count] = value;
    keys[map->count] = new_scalar(arena, key);
    map->items = items;
    map->keys = keys;
    map->count++;
}

/* What a file sets is written even where it is the default, and so is what stands in the file of
 * defaults, which must not be empty: its first row. */
static bool is_wanted(const struct runtime_config *config, size_t row, const char *value,
                      const char *initial)
{
    return row == 0 || config->options.source[row] != OPTION_DEFAULT || strcmp(value, initial) != 0;
}

/* The run's settings but texts and the seed, which stands in the scenario. */
static void put_settings(struct arena *arena, struct yaml_node *set,
                         const struct runtime_config *config)
{
    static const struct config_source defaults = { .path = NULL };
    struct runtime_config *initial = mem_alloc(1, sizeof *initial);
    struct err_note note = { .err = ERR_OK };
    struct buf value;
    struct buf other;
    size_t count;
    const struct option *rows = config_rows(&count);
    enum err rc = config_load(initial, &defaults, &note);
    assert(rc == ERR_OK);
    buf_init(&value, BUF_UNBOUNDED);
    buf_init(&other, BUF_UNBOUNDED);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].kind == OPTION_TEXT || strcmp(rows[i].key, "seed") == 0) continue;
        buf_clear(&value);
        buf_clear(&other);
        options_format_value(&config->options, config, i, &value);
        options_format_value(&initial->options, initial, i, &other);
        if (!is_wanted(config, i, buf_text(&value), buf_text(&other))) continue;
        const char *text = arena_printf(arena, "%s", buf_text(&value));
        put(arena, set, rows[i].key, new_scalar(arena, text));
    }
    buf_deinit(&other);
    buf_deinit(&value);
    mem_free(initial);
}

static enum err make_tree(struct arena *arena, const struct suite_scenario *item,
                          struct yaml_node **out, struct err_note *note)
{
    struct yaml_file file;
    enum err rc = yaml_load(arena, item->scenario.path, &file, note);
    if (rc != ERR_OK) return rc;
    struct yaml_node *root = story_copy(arena, file.root);
    struct yaml_node *set = new_map(arena);
    const struct yaml_node *runtime = yaml_get(root, "runtime");
    const struct yaml_node *given = runtime == NULL ? NULL : yaml_get(runtime, "set");
    for (size_t i = 0; given != NULL && given->kind == YAML_MAP && i < given->count; i++) {
        put(arena, set, given->keys[i]->text, given->items[i]);
    }
    put_settings(arena, set, &item->config);
    struct yaml_node *settings = new_map(arena);
    put(arena, settings, "env", new_scalar(arena, item->scenario.environment));
    put(arena, settings, "set", set);
    put(arena, root, "seed", new_scalar(arena, arena_printf(arena, "%" PRIu64, item->seed)));
    put(arena, root, "runtime", settings);
    *out = root;
    return ERR_OK;
}

/* As a comment; what would end it becomes a blank. */
static void put_comment(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++)
        buf_putc(out, *text == '\n' || *text == '\r' ? ' ' : *text);
}

static void put_head(struct buf *out, const struct suite_scenario *item, const struct check *check)
{
    buf_puts(out, "# ");
    put_comment(out, check->name);
    buf_printf(out, " failed (%s): ", item->capsule_in_sim ? "sim" : "real");
    put_comment(out, check->sentence);
    buf_puts(out, "\n# It was ");
    put_comment(out, item->scenario.path);
    buf_printf(out, " with seed %" PRIu64 ". Play it again:\n#     ", item->seed);
    capsule_replay_command(out, item, CAPSULE_FOR_FILE);
    if (item->capsule_in_sim) {
        buf_puts(out, "\n# or over sockets, with --world real; and make it smaller:\n#     ");
        capsule_shrink_command(out, item, CAPSULE_FOR_FILE);
    }
    buf_printf(out, "\n# It stands on ../configs/%s.yaml: move both, or name that folder with "
                    "--configs.\n",
               item->scenario.environment);
}

static enum err write_defaults(const char *folder, const struct suite_scenario *item,
                               struct err_note *note)
{
    size_t count;
    const struct option *first = config_rows(&count);
    struct buf path;
    struct buf text;
    buf_init(&path, BUF_UNBOUNDED);
    buf_init(&text, BUF_UNBOUNDED);
    buf_printf(&path, "%s/configs", folder);
    enum err rc = file_make_folder(buf_text(&path), note);
    buf_printf(&path, "/%s.yaml", item->scenario.environment);
    buf_printf(&text,
               "# The runtime's defaults: what differs from them stands in each capsule.\n"
               "%s: %s\n",
               first->key, first->initial);
    if (rc == ERR_OK) rc = file_write(buf_text(&path), text.data, text.length, note);
    buf_deinit(&text);
    buf_deinit(&path);
    return rc;
}

static char *make_path(const char *folder, const char *name, bool file)
{
    struct buf path;
    buf_init(&path, BUF_UNBOUNDED);
    buf_printf(&path, "%s/%s%s", folder, name, file ? "/capsule.yaml" : "");
    char *copy = mem_copy(buf_text(&path), path.length + 1);
    buf_deinit(&path);
    return copy;
}

/* That of an earlier run into this folder, unless it is what was played. */
static void remove_old(const char *folder, const struct suite_scenario *item)
{
    char *path = make_path(folder, item->scenario.name, true);
    struct stat old;
    struct stat played;
    if (stat(path, &old) == 0 && S_ISREG(old.st_mode)) {
        bool same = stat(item->scenario.path, &played) == 0 && old.st_dev == played.st_dev &&
                    old.st_ino == played.st_ino;
        if (!same) unlink(path);
    }
    mem_free(path);
}

enum err capsule_write(const char *folder, struct suite_scenario *item, struct err_note *note)
{
    const struct check *check = find_failed(&item->sim);
    bool in_sim = check != NULL;
    if (!in_sim) check = find_failed(&item->real);
    if (check == NULL) {
        remove_old(folder, item);
        return ERR_OK;
    }
    struct arena arena = { .head = NULL };
    struct yaml_node *root = NULL;
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    char *own_folder = make_path(folder, item->scenario.name, false);
    enum err rc = make_tree(&arena, item, &root, note);
    if (rc == ERR_OK) rc = file_make_folder(own_folder, note);
    if (rc == ERR_OK) rc = write_defaults(folder, item, note);
    if (rc == ERR_OK) {
        item->capsule = make_path(folder, item->scenario.name, true);
        item->capsule_in_sim = in_sim;
        rc = story_carry_samples(&arena, root, item->scenario.path, item->capsule, note);
    }
    if (rc == ERR_OK) {
        put_head(&text, item, check);
        story_write(&text, root);
        rc = file_write(item->capsule, text.data, text.length, note);
    }
    if (rc != ERR_OK) {
        mem_free(item->capsule);
        item->capsule = NULL;
    }
    mem_free(own_folder);
    buf_deinit(&text);
    arena_deinit(&arena);
    return rc;
}

/* As a shell reads it. */
static void put_word(struct buf *out, const char *word)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                "/._-+=,:@%";
    if (word[strspn(word, plain)] == '\0') {
        buf_puts(out, word);
        return;
    }
    buf_putc(out, '\'');
    for (; *word != '\0'; word++) {
        if (*word == '\'') buf_puts(out, "'\\''");
        else buf_putc(out, *word);
    }
    buf_putc(out, '\'');
}

void capsule_write_path(struct buf *out, const char *path, enum capsule_reader reader)
{
    struct buf whole;
    char folder[CAPSULE_FOLDER_MAX];
    buf_init(&whole, BUF_UNBOUNDED);
    bool here = path[0] == '/' || reader == CAPSULE_FOR_FILE;
    if (!here && getcwd(folder, sizeof folder) != NULL) buf_printf(&whole, "%s/", folder);
    buf_puts(&whole, path);
    put_word(out, buf_text(&whole));
    buf_deinit(&whole);
}

void capsule_replay_command(struct buf *out, const struct suite_scenario *item,
                            enum capsule_reader reader)
{
    buf_printf(out, "tollgate run --world %s ", item->capsule_in_sim ? "sim" : "real");
    capsule_write_path(out, item->capsule, reader);
}

bool capsule_shrink_command(struct buf *out, const struct suite_scenario *item,
                            enum capsule_reader reader)
{
    if (!item->capsule_in_sim) return false;
    buf_puts(out, "tollgate shrink ");
    capsule_write_path(out, item->capsule, reader);
    return true;
}
