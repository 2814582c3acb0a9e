#include "harness/sweep_store.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/json_read.h"
#include "base/mem.h"

enum { STORE_FIRST_CAPACITY = 4096 };

#define JOURNAL_BYTES_MAX (UINT64_C(4) << 30)

static const char *const state_names[] = { "unknown", "feasible", "infeasible", "impossible" };

const char *sweep_state_name(enum sweep_state state)
{
    return state_names[state];
}

void sweep_store_init(struct sweep_store *store, const struct sweep_world *world)
{
    *store = (struct sweep_store){ .world = world, .capacity = STORE_FIRST_CAPACITY, .fd = -1 };
    store->entries = mem_alloc(store->capacity, sizeof *store->entries);
}

void sweep_store_deinit(struct sweep_store *store)
{
    mem_free(store->entries);
    if (store->fd >= 0) close(store->fd);
    *store = (struct sweep_store){ .fd = -1 };
}

/* Where it is, or would be. */
static struct sweep_entry *slot_of(const struct sweep_store *store, uint64_t point, uint32_t block)
{
    size_t mask = store->capacity - 1;
    size_t at = (size_t)(point ^ (block * UINT64_C(0x9E3779B97F4A7C15))) & mask;
    for (;; at = (at + 1) & mask) {
        struct sweep_entry *entry = &store->entries[at];
        if (!entry->used) return entry;
        if (entry->point == point && entry->block == block) return entry;
    }
}

static void grow(struct sweep_store *store)
{
    struct sweep_entry *old = store->entries;
    size_t count = store->capacity;
    store->capacity *= 2;
    store->entries = mem_alloc(store->capacity, sizeof *store->entries);
    for (size_t i = 0; i < count; i++) {
        if (old[i].used) *slot_of(store, old[i].point, old[i].block) = old[i];
    }
    mem_free(old);
}

const struct sweep_measure *sweep_store_get(const struct sweep_store *store, uint64_t point,
                                            uint32_t block)
{
    const struct sweep_entry *entry = slot_of(store, point, block);
    return entry->used ? &entry->measure : NULL;
}

/* False when it was there. */
static bool keep(struct sweep_store *store, uint64_t point, uint32_t block,
                 const struct sweep_measure *measure)
{
    if (store->count * 2 >= store->capacity) grow(store);
    struct sweep_entry *entry = slot_of(store, point, block);
    if (entry->used) return false;
    *entry = (struct sweep_entry){ .point = point, .block = block, .used = true,
                                   .measure = *measure };
    store->count++;
    return true;
}

/* ---- writing ---- */

static enum err append(struct sweep_store *store, const struct buf *line, struct err_note *note)
{
    ssize_t written;
    do {
        written = write(store->fd, line->data, line->length);
    } while (written < 0 && errno == EINTR);
    if (written == (ssize_t)line->length) return ERR_OK;
    return err_note_set(note, ERR_IO, NULL, 0, 0, "the journal could not be written: %s",
                        written < 0 ? strerror(errno) : "the disk is full");
}

enum err sweep_store_put(struct sweep_store *store, uint64_t point, uint32_t block,
                         const struct sweep_measure *measure, struct err_note *note)
{
    if (!keep(store, point, block, measure) || store->fd < 0) return ERR_OK;
    char key[17];
    snprintf(key, sizeof key, "%016" PRIx64, point);
    struct buf line;
    struct json json;
    buf_init(&line, BUF_UNBOUNDED);
    json_init(&json, &line);
    json_open(&json, '{');
    json_key(&json, "point");
    json_string(&json, key);
    json_key(&json, "scenario");
    json_string(&json, sweep_block_name(store->world, block));
    json_key(&json, "seed");
    json_u64(&json, store->world->blocks[block].seed);
    json_key(&json, "state");
    json_string(&json, sweep_state_name(measure->state));
    json_key(&json, "failed");
    json_u64(&json, measure->failed);
    json_key(&json, "check");
    json_string(&json, measure->check);
    json_key(&json, "fresh_ppm");
    json_u64(&json, measure->fresh_ppm);
    json_key(&json, "slow_ppm");
    json_u64(&json, measure->slow_ppm);
    json_key(&json, "calls_ppm");
    json_u64(&json, measure->calls_ppm);
    json_key(&json, "recovery_ns");
    if (measure->has_recovery) json_u64(&json, measure->recovery_ns);
    else json_null(&json);
    json_close(&json, '}');
    buf_putc(&line, '\n');
    enum err rc = append(store, &line, note);
    buf_deinit(&line);
    return rc;
}

static enum err write_head(struct sweep_store *store, const struct sweep_head *head,
                           struct err_note *note)
{
    struct buf line;
    struct json json;
    char fingerprint[17];
    snprintf(fingerprint, sizeof fingerprint, "%016" PRIx64, head->fingerprint);
    buf_init(&line, BUF_UNBOUNDED);
    json_init(&json, &line);
    json_open(&json, '{');
    json_key(&json, "journal");
    json_u64(&json, 1);
    json_key(&json, "file");
    json_string(&json, store->world->spec->path);
    json_key(&json, "fingerprint");
    json_string(&json, fingerprint);
    json_key(&json, "shard");
    json_u64(&json, head->shard);
    json_key(&json, "shards");
    json_u64(&json, head->shards);
    json_close(&json, '}');
    buf_putc(&line, '\n');
    enum err rc = append(store, &line, note);
    buf_deinit(&line);
    return rc;
}

/* ---- reading ---- */

static const char *text_of(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsString(item) ? item->valuestring : "";
}

static uint64_t number_of(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsNumber(item) && item->valuedouble >= 0 ? (uint64_t)item->valuedouble : 0;
}

/* Whole 64-bit numbers do not survive as doubles, seeds of nobody's choice least of all; so the
 * block is found by comparing what the number would have become. */
static bool find_block(const struct sweep_world *world, const cJSON *line, uint32_t *out)
{
    const char *name = text_of(line, "scenario");
    double seed = (double)number_of(line, "seed");
    for (size_t i = 0; i < world->block_count; i++) {
        if ((double)world->blocks[i].seed != seed) continue;
        if (strcmp(sweep_block_name(world, (uint32_t)i), name) != 0) continue;
        *out = (uint32_t)i;
        return true;
    }
    return false;
}

static bool take_line(struct sweep_store *store, const cJSON *line, struct err_note *note)
{
    struct sweep_measure measure = { .failed = (uint32_t)number_of(line, "failed"),
                                     .fresh_ppm = (uint32_t)number_of(line, "fresh_ppm"),
                                     .slow_ppm = (uint32_t)number_of(line, "slow_ppm"),
                                     .calls_ppm = (uint32_t)number_of(line, "calls_ppm"),
                                     .recovery_ns = number_of(line, "recovery_ns") };
    const cJSON *recovery = cJSON_GetObjectItemCaseSensitive(line, "recovery_ns");
    measure.has_recovery = cJSON_IsNumber(recovery);
    snprintf(measure.check, sizeof measure.check, "%s", text_of(line, "check"));
    for (enum sweep_state state = SWEEP_FEASIBLE; state <= SWEEP_IMPOSSIBLE; state++) {
        if (strcmp(state_names[state], text_of(line, "state")) == 0) measure.state = state;
    }
    uint32_t block;
    const char *key = text_of(line, "point");
    char *end = NULL;
    uint64_t point = strtoull(key, &end, 16);
    if (end == key || *end != '\0' || measure.state == SWEEP_UNKNOWN) return false;
    if (!find_block(store->world, line, &block)) return false;
    return sweep_store_put(store, point, block, &measure, note) == ERR_OK;
}

struct journal {
    struct sweep_store *store;
    const char *path;
    uint64_t fingerprint; /* that it must have */
    struct sweep_head head;
    size_t used; /* bytes of its whole lines */
};

static enum err take_head(struct journal *journal, const cJSON *line, struct err_note *note)
{
    struct sweep_head *head = &journal->head;
    head->fingerprint = strtoull(text_of(line, "fingerprint"), NULL, 16);
    head->shard = (uint32_t)number_of(line, "shard");
    head->shards = (uint32_t)number_of(line, "shards");
    if (head->shards == 0) {
        return err_note_set(note, ERR_SYNTAX, journal->path, 1, 1,
                            "this is no journal of a sweep");
    }
    if (head->fingerprint == journal->fingerprint) return ERR_OK;
    return err_note_set(note, ERR_INVALID, journal->path, 1, 1,
                        "these results are of another sweep file, catalogue, configuration or "
                        "build of this program; begin anew with --restart, or name another folder "
                        "with --out");
}

static enum err take_lines(struct journal *journal, const char *text, size_t length,
                           struct err_note *note)
{
    for (int number = 1; journal->used < length; number++) {
        const char *begin = text + journal->used;
        const char *end = memchr(begin, '\n', length - journal->used);
        if (end == NULL) break; /* it was killed while writing this one */
        struct arena arena = { .head = NULL };
        cJSON *line = NULL;
        size_t at = 0;
        enum err rc = ERR_OK;
        bool json = json_read(begin, (size_t)(end - begin), &arena, &line, &at) == NULL;
        if (json && number == 1) {
            rc = take_head(journal, line, note);
        } else if (!json || !take_line(journal->store, line, note)) {
            rc = err_note_set(note, ERR_SYNTAX, journal->path, number, 1,
                              "this line is no result of this sweep; begin anew with --restart");
        }
        arena_deinit(&arena);
        if (rc != ERR_OK) return rc;
        journal->used += (size_t)(end - begin) + 1;
    }
    return ERR_OK;
}

static enum err take_journal(struct journal *journal, struct err_note *note)
{
    char *text = NULL;
    size_t length = 0;
    enum err rc = file_read(journal->path, JOURNAL_BYTES_MAX, &text, &length, note);
    if (rc == ERR_OK) rc = take_lines(journal, text, length, note);
    mem_free(text);
    return rc;
}

enum err sweep_store_merge(struct sweep_store *store, const char *path, uint64_t fingerprint,
                           struct sweep_head *head, struct err_note *note)
{
    struct journal journal = { .store = store, .path = path, .fingerprint = fingerprint };
    enum err rc = take_journal(&journal, note);
    *head = journal.head;
    if (rc != ERR_OK || head->shards > 0) return rc;
    return err_note_set(note, ERR_SYNTAX, path, 1, 1, "this journal is empty; run its shard");
}

/* A record lock, because the workers, which are forked, must not keep it when their parent is
 * killed. */
static enum err lock_journal(int fd, const char *path, struct err_note *note)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    if (fcntl(fd, F_SETLK, &lock) == 0 || (errno != EACCES && errno != EAGAIN)) return ERR_OK;
    return err_note_set(note, ERR_INVALID, path, 0, 0,
                        "another sweep is writing it; wait until that ends, or name another folder "
                        "with --out");
}

enum err sweep_store_open(struct sweep_store *store, const char *path,
                          const struct sweep_head *head, size_t *resumed, struct err_note *note)
{
    struct journal journal = { .store = store, .path = path, .fingerprint = head->fingerprint };
    *resumed = 0;
    if (file_exists(path)) {
        size_t before = store->count;
        enum err rc = take_journal(&journal, note);
        if (rc != ERR_OK) return rc;
        bool same = journal.head.shard == head->shard && journal.head.shards == head->shards;
        if (journal.used > 0 && !same) {
            return err_note_set(note, ERR_INVALID, path, 1, 1,
                                "this folder holds shard %u of %u; begin anew with --restart, or "
                                "name another folder with --out",
                                journal.head.shard, journal.head.shards);
        }
        *resumed = store->count - before;
    }
    store->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (store->fd >= 0 && lock_journal(store->fd, path, note) != ERR_OK) return note->err;
    if (store->fd < 0 || ftruncate(store->fd, (off_t)journal.used) != 0) {
        return err_note_set(note, ERR_IO, path, 0, 0, "%s", strerror(errno));
    }
    return journal.used > 0 ? ERR_OK : write_head(store, head, note);
}

enum err sweep_journal_file(const char *path, struct arena *arena, const char **file,
                            struct err_note *note)
{
    char *text = NULL;
    size_t length = 0, at = 0;
    cJSON *head = NULL;
    *file = "";
    enum err rc = file_read(path, JOURNAL_BYTES_MAX, &text, &length, note);
    if (rc != ERR_OK) return rc;
    const char *end = memchr(text, '\n', length);
    if (end != NULL && json_read(text, (size_t)(end - text), arena, &head, &at) == NULL) {
        *file = text_of(head, "file");
    }
    mem_free(text);
    if (**file != '\0') return ERR_OK;
    return err_note_set(note, ERR_SYNTAX, path, 1, 1, "this is no journal of a sweep");
}
