#include "runtime/request_memo.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

__extension__ typedef unsigned __int128 uint128;

enum {
    BUCKETS = 4096,
    MET_PLACES = 8192,
    ENTRY_SHARE = 8,       /* of the memo: a larger entry is not kept */
    ENTRY_BYTES_STEP = 512 /* so that one's memory is as large as the next one's */
};

/* A multiply-and-fold hash: 16 bytes a step, several gigabytes a second. Collisions cost time only,
 * and the seed keeps them from being chosen. */
static uint64_t fold(uint64_t a, uint64_t b)
{
    uint128 product = (uint128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t hash_body(uint64_t seed, const char *body, size_t length)
{
    static const uint64_t odd[] = { 0xA0761D6478BD642F, 0xE7037ED1A0B428DB };
    uint64_t hash = seed ^ fold(length ^ odd[0], odd[1]);
    uint64_t pair[2];
    for (; length > sizeof pair; length -= sizeof pair, body += sizeof pair) {
        memcpy(pair, body, sizeof pair);
        hash = fold(pair[0] ^ odd[0], pair[1] ^ hash);
    }
    memset(pair, 0, sizeof pair);
    memcpy(pair, body, length);
    return fold(odd[1] ^ fold(pair[0] ^ odd[0], pair[1] ^ hash), odd[0]);
}

void request_memo_init(struct request_memo *memo, size_t bytes_max, uint64_t seed)
{
    *memo = (struct request_memo){
        .seed = seed,
        .bytes_max = bytes_max,
        .buckets = mem_alloc(BUCKETS, sizeof(struct memo_entry *)),
        .met = mem_alloc(MET_PLACES, sizeof(uint64_t)),
    };
}

void memo_entry_release(struct memo_entry *entry)
{
    if (entry == NULL) return;
    assert(entry->references > 0);
    if (--entry->references == 0) mem_free(entry);
}

static struct memo_entry **bucket_of(const struct request_memo *memo, uint64_t hash)
{
    return &memo->buckets[hash % BUCKETS];
}

static void unlink_use(struct request_memo *memo, struct memo_entry *entry)
{
    *(entry->newer != NULL ? &entry->newer->older : &memo->newest) = entry->older;
    *(entry->older != NULL ? &entry->older->newer : &memo->oldest) = entry->newer;
}

static void link_newest(struct request_memo *memo, struct memo_entry *entry)
{
    entry->newer = NULL;
    entry->older = memo->newest;
    *(memo->newest != NULL ? &memo->newest->newer : &memo->oldest) = entry;
    memo->newest = entry;
}

static void take_out(struct request_memo *memo, struct memo_entry *entry)
{
    struct memo_entry **at = bucket_of(memo, entry->hash);
    while (*at != entry) at = &(*at)->chain;
    *at = entry->chain;
    unlink_use(memo, entry);
    memo->bytes -= entry->bytes;
}

static void drop(struct request_memo *memo, struct memo_entry *entry)
{
    take_out(memo, entry);
    memo_entry_release(entry);
}

static void clear(struct request_memo *memo)
{
    while (memo->oldest != NULL) drop(memo, memo->oldest);
}

void request_memo_deinit(struct request_memo *memo)
{
    clear(memo);
    mem_free(memo->buckets);
    mem_free(memo->met);
    memo->buckets = NULL;
    memo->met = NULL;
}

struct memo_entry *request_memo_find(struct request_memo *memo,
                                     const struct forecast_config *config, const char *body,
                                     size_t length)
{
    if (memcmp(&memo->config, config, sizeof *config) != 0) {
        clear(memo);
        memcpy(&memo->config, config, sizeof *config);
    }
    if (memo->newest == NULL) return NULL;
    uint64_t hash = hash_body(memo->seed, body, length);
    struct memo_entry *entry = *bucket_of(memo, hash);
    for (; entry != NULL; entry = entry->chain) {
        if (entry->hash != hash || entry->body_length != length) continue;
        if (memcmp(entry->body, body, length) == 0) break;
    }
    if (entry == NULL) return NULL;
    unlink_use(memo, entry);
    link_newest(memo, entry);
    entry->references++;
    return entry;
}

bool request_memo_met(struct request_memo *memo, const char *body, size_t length)
{
    if (memo->bytes_max == 0) return false;
    uint64_t hash = hash_body(memo->seed, body, length);
    uint64_t *place = &memo->met[hash % MET_PLACES];
    bool met = *place == hash;
    *place = hash;
    return met;
}

/* One block of memory: the entry, the numbers, then the texts. */

struct block {
    char *start; /* NULL while the texts are only counted */
    size_t used;
};

static size_t text_bytes(const char *text)
{
    return text == NULL ? 0 : strlen(text) + 1;
}

static const void *put(struct block *block, const void *bytes, size_t length)
{
    if (bytes == NULL) return NULL;
    void *copy = memcpy(block->start + block->used, bytes, length);
    block->used += length;
    return copy;
}

static void put_text(struct block *block, const char **text)
{
    *text = put(block, *text, text_bytes(*text));
}

static void each_text(struct forecast_request *request,
                      void (*visit)(struct block *block, const char **text), struct block *block)
{
    const char **const texts[] = {
        &request->market_id,     &request->as_of_ts, &request->freq,     &request->model_name,
        &request->model_version, &request->x_past,   &request->x_future, &request->params,
        &request->liquidity_bucket,
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) visit(block, texts[i]);
}

static void count_text(struct block *block, const char **text)
{
    block->used += text_bytes(*text);
}

/* Room for one of `bytes`: a full memo gives up its oldest, and its memory when it fits. */
static struct memo_entry *make_room(struct request_memo *memo, size_t bytes)
{
    while (memo->bytes + bytes > memo->bytes_max) {
        struct memo_entry *oldest = memo->oldest;
        if (oldest->bytes == bytes && oldest->references == 1) {
            take_out(memo, oldest);
            return oldest;
        }
        drop(memo, oldest);
    }
    return mem_resize(NULL, 1, bytes);
}

static void entry_fill(struct memo_entry *entry, const char *body, size_t length,
                       const struct forecast_request *request, size_t bytes)
{
    struct block block = { .start = (char *)(entry + 1) };
    *entry = (struct memo_entry){ .references = 1, .bytes = bytes, .request = *request };
    struct forecast_request *copy = &entry->request;
    copy->y = put(&block, request->y, request->y_count * sizeof *request->y);
    copy->y_ts = put(&block, request->y_ts, request->y_count * sizeof *request->y_ts);
    each_text(copy, put_text, &block);
    entry->body = put(&block, body, length);
    entry->body_length = length;
}

void request_memo_add(struct request_memo *memo, const char *body, size_t length,
                      const struct forecast_request *request)
{
    struct forecast_request counted = *request;
    struct block texts = { .start = NULL };
    if (memo->bytes_max == 0 || length > memo->bytes_max / ENTRY_SHARE) return;
    each_text(&counted, count_text, &texts);
    size_t bytes = sizeof(struct memo_entry) + length + texts.used +
                   request->y_count * sizeof *request->y +
                   (request->y_ts == NULL ? 0 : request->y_count * sizeof *request->y_ts);
    bytes = (bytes + ENTRY_BYTES_STEP - 1) / ENTRY_BYTES_STEP * ENTRY_BYTES_STEP;
    if (bytes > memo->bytes_max / ENTRY_SHARE) return;

    struct memo_entry *entry = make_room(memo, bytes);
    entry_fill(entry, body, length, request, bytes);
    entry->hash = hash_body(memo->seed, body, length);
    struct memo_entry **bucket = bucket_of(memo, entry->hash);
    entry->chain = *bucket;
    *bucket = entry;
    link_newest(memo, entry);
    memo->bytes += bytes;
}
