#include "runtime/guard.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/mem.h"
#include "core/rate_limit.h"

enum {
    DIGEST_BYTES = 32,
    GUARD_CLIENTS_MAX = 16384, /* remembered by the rate limit; about 1 MiB when all are there */
};

struct guard {
    const struct guard_settings *settings; /* borrowed */
    bool open;
    uint8_t digest[DIGEST_BYTES]; /* of the token */
    struct rate_limit *rate;
};

const char *guard_verdict_name(enum guard_verdict verdict)
{
    static const char *const names[] = {
#define GUARD_NAME(name, text) [name] = text,
        GUARD_VERDICT_LIST(GUARD_NAME)
#undef GUARD_NAME
    };
    return names[verdict];
}

static void digest_of(const char *text, size_t length, uint8_t out[DIGEST_BYTES])
{
    unsigned made = 0;
    int ok = EVP_Digest(text, length, out, &made, EVP_sha256(), NULL);
    assert(ok == 1 && made == DIGEST_BYTES);
    (void)ok;
}

struct guard *guard_create(const struct guard_settings *settings, const char *token, uint64_t seed)
{
    struct guard *guard = mem_alloc(1, sizeof *guard);
    *guard = (struct guard){
        .settings = settings,
        .open = token == NULL || token[0] == '\0',
        .rate = rate_limit_create(&settings->rate, GUARD_CLIENTS_MAX, seed),
    };
    if (!guard->open) digest_of(token, strlen(token), guard->digest);
    return guard;
}

void guard_destroy(struct guard *guard)
{
    if (guard == NULL) return;
    OPENSSL_cleanse(guard->digest, sizeof guard->digest);
    rate_limit_destroy(guard->rate);
    mem_free(guard);
}

bool guard_is_open(const struct guard *guard)
{
    return guard->open;
}

static bool path_is_open(const char *path)
{
    static const char *const open[] = { "/health/live", "/health/ready", "/metrics",
                                        "/openapi.json" };
    for (size_t i = 0; i < sizeof open / sizeof *open; i++) {
        if (strcmp(path, open[i]) == 0) return true;
    }
    return false;
}

/* What follows "Bearer " (RFC 6750, any case), NULL for another scheme. */
static const char *bearer(const char *authorization)
{
    static const char scheme[] = "Bearer";
    if (authorization == NULL) return NULL;
    if (strncasecmp(authorization, scheme, sizeof scheme - 1) != 0) return NULL;
    const char *token = authorization + sizeof scheme - 1;
    if (*token != ' ') return NULL;
    return token + strspn(token, " ");
}

static bool matches(const struct guard *guard, const char *shown)
{
    if (shown == NULL) return false;
    size_t length = strlen(shown);
    while (length > 0 && (shown[length - 1] == ' ' || shown[length - 1] == '\t')) length--;
    uint8_t digest[DIGEST_BYTES];
    digest_of(shown, length, digest);
    return CRYPTO_memcmp(digest, guard->digest, DIGEST_BYTES) == 0;
}

static struct rate_key key_of(const uint8_t bytes[16])
{
    struct rate_key key;
    memcpy(&key.high, bytes, sizeof key.high);
    memcpy(&key.low, bytes + sizeof key.high, sizeof key.low);
    return key;
}

static struct rate_key client_of(const struct guard *guard, const struct guard_request *request,
                                 bool authorized)
{
    static const uint8_t mapped[12] = { [10] = 0xFF, [11] = 0xFF };
    if (authorized && !guard->open) return key_of(guard->digest);
    struct rate_key key = key_of(request->peer.bytes);
    bool v4 = memcmp(request->peer.bytes, mapped, sizeof mapped) == 0;
    if (!v4) key.low = 0;
    return key;
}

struct guard_decision guard_judge(struct guard *guard, const struct guard_request *request,
                                  instant_ns now)
{
    const struct guard_settings *settings = guard->settings;
    const struct http_head_size *size = &request->size;
    if (size->ambiguous) return (struct guard_decision){ .verdict = GUARD_AMBIGUOUS };
    if (size->uri_bytes > settings->uri_bytes_max) {
        return (struct guard_decision){ .verdict = GUARD_URI_TOO_LONG };
    }
    if (size->bytes > settings->header_bytes_max || size->fields > settings->headers_max) {
        return (struct guard_decision){ .verdict = GUARD_HEAD_TOO_LARGE };
    }
    if (path_is_open(request->path)) return (struct guard_decision){ .verdict = GUARD_PASS };

    bool authorized = guard->open || matches(guard, bearer(request->authorization)) ||
                      matches(guard, request->api_key);
    struct guard_decision decision = {
        .wait_ns = rate_limit_admit(guard->rate, client_of(guard, request, authorized), now),
    };
    if (decision.wait_ns > 0) {
        decision.verdict = GUARD_RATE_LIMITED;
    } else if (!authorized) {
        decision.verdict = GUARD_UNAUTHORIZED;
    }
    return decision;
}

static void refuse(struct guard_refusal *out, unsigned status, enum code code,
                   const char *header_name)
{
    *out = (struct guard_refusal){
        .status = status,
        .code = code,
        .header = { .name = header_name, .value = out->header_value },
    };
}

void guard_refuse(const struct guard *guard, struct guard_decision decision,
                  struct guard_refusal *out)
{
    const struct guard_settings *settings = guard->settings;
    uint64_t wait_s = decision.wait_ns / NS_PER_S + (decision.wait_ns % NS_PER_S > 0 ? 1 : 0);
    switch (decision.verdict) {
    case GUARD_PASS: break;
    case GUARD_AMBIGUOUS:
        refuse(out, 400, CODE_INPUT_INVALID, NULL);
        snprintf(out->detail, sizeof out->detail,
                 "the head does not say for sure where the body ends; send one Content-Length, or "
                 "Transfer-Encoding: chunked alone");
        return;
    case GUARD_URI_TOO_LONG:
        refuse(out, 414, CODE_INPUT_INVALID, NULL);
        snprintf(out->detail, sizeof out->detail,
                 "the request target is longer than %u bytes, the limit that uri_bytes_max sets",
                 (unsigned)settings->uri_bytes_max);
        return;
    case GUARD_HEAD_TOO_LARGE:
        refuse(out, 431, CODE_INPUT_INVALID, NULL);
        snprintf(out->detail, sizeof out->detail,
                 "the head is larger than %u bytes (header_bytes_max) or has more than %u fields "
                 "(headers_max)",
                 (unsigned)settings->header_bytes_max, (unsigned)settings->headers_max);
        return;
    case GUARD_RATE_LIMITED:
        refuse(out, 429, CODE_RUNTIME_RATE_LIMITED, "Retry-After");
        snprintf(out->header_value, sizeof out->header_value, "%llu", (unsigned long long)wait_s);
        snprintf(out->detail, sizeof out->detail,
                 "more than %u requests a second from this client; try again in %llu s",
                 (unsigned)settings->rate.per_s, (unsigned long long)wait_s);
        return;
    case GUARD_UNAUTHORIZED:
        refuse(out, 401, CODE_INPUT_INVALID, "WWW-Authenticate");
        snprintf(out->header_value, sizeof out->header_value, "Bearer realm=\"tsfm\"");
        snprintf(out->detail, sizeof out->detail,
                 "a valid token is needed; send it as Authorization: Bearer TOKEN or X-API-Key: "
                 "TOKEN");
        return;
    }
    assert(false && "what passed is not refused");
}
