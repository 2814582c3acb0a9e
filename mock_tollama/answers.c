#include "mock/answers.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

__extension__ typedef unsigned __int128 wide;

enum { WORD = 8, STRIDE = 4 * WORD };

void answers_init(struct answers *answers)
{
    *answers = (struct answers){
        .buckets = mem_alloc(ANSWERS_BUCKETS, sizeof(struct answer *)),
        .seen = mem_alloc(ANSWERS_SEEN, sizeof(uint64_t)),
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

/* Sixteen bytes at a time in two lanes: the processor works on both at once. Not against people who
 * look for collisions: they would only make their own requests slower. */
static uint64_t hash_body(enum ask_api api, const char *body, size_t length)
{
    uint64_t left = length, right = (uint64_t)api + 1;
    size_t at = 0;
    for (; length - at >= STRIDE; at += STRIDE) {
        left = mix(left ^ word_at(body + at, WORD), word_at(body + at + WORD, WORD));
        right =
            mix(right ^ word_at(body + at + 2 * WORD, WORD), word_at(body + at + 3 * WORD, WORD));
    }
    for (; at < length; at += WORD)
        left = mix(left, word_at(body + at, length - at));
    return mix(left, right);
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

const struct answer *answers_find(struct answers *answers, enum ask_api api, const char *body,
                                  size_t length)
{
    uint64_t *seen = NULL;
    answers->again = false;
    if (length > ANSWERS_BODY_BYTES_MAX) return NULL;
    answers->hash = hash_body(api, body, length);
    struct answer *answer = *bucket_of(answers, answers->hash);
    for (; answer != NULL; answer = answer->chain) {
        bool same = answer->hash == answers->hash && answer->api == api &&
                    answer->body_length == length && memcmp(answer->body, body, length) == 0;
        if (!same) continue;
        unlink_use(answers, answer);
        link_newest(answers, answer);
        return answer;
    }
    seen = &answers->seen[answers->hash & (ANSWERS_SEEN - 1)];
    answers->again = *seen == answers->hash;
    *seen = answers->hash;
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
