#include "mock/answers.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

__extension__ typedef unsigned __int128 wide;

enum {
    WORD = 8,
    STRIDE = 4 * WORD,
    HEAD_BYTES = 8 * STRIDE,   /* looked at in full: whose body, and of when */
    SAMPLE_STEP = 8 * STRIDE,  /* behind the head, a stride of each so many bytes */
    LOOKALIKES_MAX = 4,        /* compared with a body before it counts as new */
};

void answers_init(struct answers *answers)
{
    *answers = (struct answers){
        .buckets = mem_alloc(ANSWERS_BUCKETS, sizeof(struct answer *)),
        .seen = mem_alloc(ANSWERS_SEEN, sizeof(struct answer_seen)),
    };
}

void answers_deinit(struct answers *answers)
{
    while (answers->oldest != NULL) {
        struct answer *next = answers->oldest->newer;
        mem_free(answers->oldest);
        answers->oldest = next;
    }
    mem_free(answers->buckets);
    mem_free(answers->seen);
    *answers = (struct answers){ .buckets = NULL };
}

/* Both halves of the product of two numbers, each disturbed by what it stands for. */
static uint64_t mix(uint64_t a, uint64_t b)
{
    wide product = (wide)(a ^ UINT64_C(0x9E3779B97F4A7C15)) * (b ^ UINT64_C(0xBF58476D1CE4E5B9));
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t word_at(const char *at, size_t length)
{
    uint64_t word = 0;
    memcpy(&word, at, length < WORD ? length : (size_t)WORD);
    return word;
}

/* Two, since the processor works on both at once. */
struct hash_lanes {
    uint64_t left, right;
};

/* A stride of each `step` bytes, and what is left behind the last step. */
static void hash_run(struct hash_lanes *lanes, const char *bytes, size_t length, size_t step)
{
    uint64_t left = lanes->left, right = lanes->right;
    size_t at = 0;
    for (; length - at >= step; at += step) {
        const char *from = bytes + at;
        left = mix(left ^ word_at(from, WORD), word_at(from + WORD, WORD));
        right = mix(right ^ word_at(from + 2 * WORD, WORD), word_at(from + 3 * WORD, WORD));
    }
    for (; at < length; at += WORD) left = mix(left, word_at(bytes + at, length - at));
    *lanes = (struct hash_lanes){ left, right };
}

/* Not against people who look for collisions: they would only make their own requests slower. */
static uint64_t hash_body(enum ask_api api, const char *body, size_t length, size_t step)
{
    struct hash_lanes lanes = { length, (uint64_t)api + 1 };
    size_t head = length < HEAD_BYTES ? length : (size_t)HEAD_BYTES;
    hash_run(&lanes, body, head, STRIDE);
    hash_run(&lanes, body + head, length - head, step);
    return mix(lanes.left, lanes.right);
}

static struct answer **bucket_of(const struct answers *answers, uint64_t hash)
{
    return &answers->buckets[hash >> 32 & (ANSWERS_BUCKETS - 1)];
}

static void unlink_use(struct answers *answers, struct answer *answer)
{
    if (answer->newer != NULL)
        answer->newer->older = answer->older;
    else
        answers->newest = answer->older;
    if (answer->older != NULL)
        answer->older->newer = answer->newer;
    else
        answers->oldest = answer->newer;
}

static void link_newest(struct answers *answers, struct answer *answer)
{
    answer->newer = NULL;
    answer->older = answers->newest;
    if (answers->newest != NULL)
        answers->newest->newer = answer;
    else
        answers->oldest = answer;
    answers->newest = answer;
}

static void drop_oldest(struct answers *answers)
{
    struct answer *answer = answers->oldest;
    struct answer **link = bucket_of(answers, answer->hash);
    while (*link != answer)
        link = &(*link)->chain;
    *link = answer->chain;
    unlink_use(answers, answer);
    answers->bytes -= answer->bytes;
    mem_free(answer);
}

/* Whether the body came before. One whose sample is new did not, and is looked at no further. */
static bool came_before(struct answers *answers, enum ask_api api, const char *body, size_t length)
{
    struct answer_seen *seen = &answers->seen[answers->hash & (ANSWERS_SEEN - 1)];
    if (seen->sample != answers->hash) {
        *seen = (struct answer_seen){ .sample = answers->hash };
        return false;
    }
    uint64_t whole = hash_body(api, body, length, STRIDE);
    bool again = seen->whole == whole;
    seen->whole = whole;
    return again;
}

const struct answer *answers_find(struct answers *answers, enum ask_api api, const char *body,
                                  size_t length)
{
    int compared = 0;
    answers->again = false;
    if (length > ANSWERS_BODY_BYTES_MAX) return NULL;
    answers->hash = hash_body(api, body, length, SAMPLE_STEP);
    struct answer *answer = *bucket_of(answers, answers->hash);
    for (; answer != NULL && compared < LOOKALIKES_MAX; answer = answer->chain) {
        if (answer->hash != answers->hash || answer->api != api || answer->body_length != length)
            continue;
        compared++;
        if (memcmp(answer->body, body, length) != 0) continue;
        unlink_use(answers, answer);
        link_newest(answers, answer);
        return answer;
    }
    answers->again = came_before(answers, api, body, length);
    return NULL;
}

/* Copies `length` bytes and a NUL to `at` and moves it behind them. */
static const char *put(char **at, const char *bytes, size_t length)
{
    char *copy = *at;
    memcpy(copy, bytes, length);
    copy[length] = '\0';
    *at += length + 1;
    return copy;
}

void answers_add(struct answers *answers, const struct answer *answer)
{
    if (!answers->again) return;
    answers->again = false;
    size_t model = strlen(answer->model), market = strlen(answer->market);
    size_t bytes = sizeof *answer + answer->body_length + answer->text_length + model + market + 4;
    if (bytes > ANSWERS_BYTES_MAX / 4) return;
    while (answers->bytes + bytes > ANSWERS_BYTES_MAX)
        drop_oldest(answers);
    struct answer *kept = mem_alloc(bytes, 1);
    char *at = (char *)(kept + 1);
    *kept = *answer;
    kept->model = put(&at, answer->model, model);
    kept->market = put(&at, answer->market, market);
    kept->body = put(&at, answer->body, answer->body_length);
    kept->text = put(&at, answer->text, answer->text_length);
    assert(at == (char *)kept + bytes);
    kept->hash = answers->hash;
    kept->bytes = bytes;
    struct answer **bucket = bucket_of(answers, kept->hash);
    kept->chain = *bucket;
    *bucket = kept;
    link_newest(answers, kept);
    answers->bytes += bytes;
}
