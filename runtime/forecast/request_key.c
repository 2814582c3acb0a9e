#include <assert.h>
#include <string.h>

#include <openssl/evp.h>

#include "forecast/request_parts.h"

/* The canonical form: this tag, then every field in a fixed order, each behind its length (4 bytes,
 * least first; a field that is absent has the length 2^32 - 1). Two requests have the same form
 * exactly when every field is the same; a change of the form needs a new tag. */
static const char tag[] = "tsfm:v1";
static const char family_tag[] = "tsfm:family:v1";

enum { NUMBER_BYTES = 8, BATCH_NUMBERS = 128, WAITING_BYTES = 512 };

struct form {
    EVP_MD_CTX *digest; /* borrowed, from form_begin() to form_end() */
    size_t waiting;     /* bytes of `held` that were not digested yet: texts are short and many */
    uint8_t held[WAITING_BYTES];
};

static void digest(struct form *form, const void *bytes, size_t length)
{
    int ok = EVP_DigestUpdate(form->digest, bytes, length);
    assert(ok == 1);
}

static void put_bytes(struct form *form, const void *bytes, size_t length)
{
    if (length > sizeof form->held - form->waiting) {
        digest(form, form->held, form->waiting);
        form->waiting = 0;
    }
    if (length > sizeof form->held) {
        digest(form, bytes, length);
        return;
    }
    memcpy(form->held + form->waiting, bytes, length);
    form->waiting += length;
}

static void put_little_endian(uint8_t *out, uint64_t value, size_t bytes)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value = __builtin_bswap64(value);
#endif
    memcpy(out, &value, bytes);
}

static void put_length(struct form *form, uint32_t length)
{
    uint8_t bytes[4];
    put_little_endian(bytes, length, sizeof bytes);
    put_bytes(form, bytes, sizeof bytes);
}

static void put_text(struct form *form, const char *text)
{
    if (text == NULL) {
        put_length(form, UINT32_MAX);
        return;
    }
    size_t length = strlen(text);
    put_length(form, (uint32_t)length);
    put_bytes(form, text, length);
}

static uint64_t number_bits(double value)
{
    uint64_t bits;
    value += 0.0; /* -0 and 0 are the same number */
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* `count` numbers given as bits by `at(source, index)`. Inlined, so that no number is a call. */
static inline __attribute__((always_inline)) void
put_numbers(struct form *form, const void *source, uint32_t count,
            uint64_t (*at)(const void *source, uint32_t index))
{
    uint8_t batch[BATCH_NUMBERS * NUMBER_BYTES];
    size_t used = 0;
    put_length(form, count * NUMBER_BYTES);
    for (uint32_t i = 0; i < count; i++) {
        put_little_endian(batch + used, at(source, i), NUMBER_BYTES);
        used += NUMBER_BYTES;
        if (used == sizeof batch || i + 1 == count) {
            put_bytes(form, batch, used);
            used = 0;
        }
    }
}

static uint64_t double_at(const void *source, uint32_t index)
{
    return number_bits(((const double *)source)[index]);
}

static uint64_t time_at(const void *source, uint32_t index)
{
    return (uint64_t)((const int64_t *)source)[index];
}

static uint64_t word_at(const void *source, uint32_t index)
{
    return ((const uint64_t *)source)[index];
}

static void put_steps(struct form *form, const struct forecast_request *request)
{
    const uint64_t words[] = { request->horizon, (uint64_t)request->transform,
                               number_bits(request->eps) };
    put_text(form, request->freq);
    put_numbers(form, words, sizeof words / sizeof *words, word_at);
}

static void put_request(struct form *form, const struct request_reader *reader)
{
    const struct forecast_request *request = reader->out;
    put_text(form, tag);
    put_text(form, request->market_id);
    put_text(form, request->as_of_ts);
    put_steps(form, request);
    put_numbers(form, request->y, request->y_count, double_at);
    if (request->y_ts == NULL) {
        put_length(form, UINT32_MAX);
    } else {
        put_numbers(form, request->y_ts, request->y_count, time_at);
    }
    put_text(form, reader->x_past_whole);
    put_text(form, request->x_future);
    put_text(form, request->params);
    put_text(form, request->model_name);
    put_text(form, request->model_version);
    put_text(form, request->liquidity_bucket);
}

/* Made once: looking up the algorithm and making a context costs as much as a short text. */
static _Thread_local EVP_MD_CTX *context;

void forecast_thread_end(void)
{
    EVP_MD_CTX_free(context);
    context = NULL;
}

static void form_begin(struct form *form)
{
    if (context == NULL) {
        context = EVP_MD_CTX_new();
        assert(context != NULL);
        int ok = EVP_DigestInit_ex(context, EVP_sha256(), NULL);
        assert(ok == 1);
    }
    form->digest = context;
    form->waiting = 0;
    /* The same algorithm, from the start. */
    int ok = EVP_DigestInit_ex(context, NULL, NULL);
    assert(ok == 1);
}

static void form_end(struct form *form, struct cache_key *out)
{
    _Static_assert(CACHE_KEY_BYTES == 32, "SHA-256");
    unsigned length = 0;
    digest(form, form->held, form->waiting);
    int ok = EVP_DigestFinal_ex(form->digest, out->bytes, &length);
    assert(ok == 1 && length == CACHE_KEY_BYTES);
}

void request_make_key(const struct request_reader *reader)
{
    struct form form;
    form_begin(&form);
    put_request(&form, reader);
    form_end(&form, &reader->out->key);
}

void forecast_request_make_family(struct forecast_request *request)
{
    struct form form;
    form_begin(&form);
    put_text(&form, family_tag);
    put_text(&form, request->market_id);
    put_steps(&form, request);
    put_text(&form, request->params);
    put_text(&form, request->model_name);
    put_text(&form, request->model_version);
    form_end(&form, &request->family_key);
}
