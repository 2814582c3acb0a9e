#include "runtime/l2_envelope.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/instant.h"
#include "base/rng.h"

enum {
    VERSION = 1,
    VERSION_AT = 4,
    STORED_AT = 8,
    WARNINGS_AT = 16,
    LENGTH_AT = 20,
    CHECKSUM_AT = 24,
};

static const char magic[] = { 'T', 'G', 'L', '2' };

static void put_number(unsigned char *at, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) at[i] = (unsigned char)(value >> (8 * i));
}

static uint64_t get_number(const unsigned char *at, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++) value |= (uint64_t)at[i] << (8 * i);
    return value;
}

static uint64_t checksum(const unsigned char *head, const char *body, size_t length,
                         const struct cache_key *key)
{
    return draw(hash_bytes(head, CHECKSUM_AT), hash_bytes(body, length),
                hash_bytes(key->bytes, sizeof key->bytes), length);
}

void l2_key_text(const struct cache_key *key, char out[L2_KEY_TEXT_MAX])
{
    int length = snprintf(out, L2_KEY_TEXT_MAX, "tsfm:v1:");
    for (size_t i = 0; i < sizeof key->bytes; i++) {
        length += snprintf(out + length, (size_t)(L2_KEY_TEXT_MAX - length), "%02x", key->bytes[i]);
    }
}

void l2_envelope_write(struct buf *out, const struct l2_envelope *envelope,
                       const struct cache_key *key)
{
    unsigned char head[L2_HEAD_BYTES];
    assert(envelope->body_length <= UINT32_MAX);
    memcpy(head, magic, sizeof magic);
    put_number(head + VERSION_AT, VERSION, 4);
    put_number(head + STORED_AT, envelope->stored_at_ms, 8);
    put_number(head + WARNINGS_AT, envelope->warnings, 4);
    put_number(head + LENGTH_AT, envelope->body_length, 4);
    put_number(head + CHECKSUM_AT, checksum(head, envelope->body, envelope->body_length, key), 8);
    buf_put(out, head, sizeof head);
    buf_put(out, envelope->body, envelope->body_length);
}

bool l2_envelope_read(const char *bytes, size_t length, const struct cache_key *key,
                      struct l2_envelope *out)
{
    *out = (struct l2_envelope){ 0 };
    const unsigned char *head = (const unsigned char *)bytes;
    if (length <= L2_HEAD_BYTES || length > L2_VALUE_BYTES_MAX) return false;
    if (memcmp(head, magic, sizeof magic) != 0) return false;
    if (get_number(head + VERSION_AT, 4) != VERSION) return false;
    const char *body = bytes + L2_HEAD_BYTES;
    size_t body_length = length - L2_HEAD_BYTES;
    if (get_number(head + LENGTH_AT, 4) != body_length) return false;
    if (get_number(head + CHECKSUM_AT, 8) != checksum(head, body, body_length, key)) return false;
    *out = (struct l2_envelope){
        .stored_at_ms = get_number(head + STORED_AT, 8),
        .warnings = (uint32_t)get_number(head + WARNINGS_AT, 4),
        .body = body,
        .body_length = body_length,
    };
    return true;
}

bool l2_age_ns(uint64_t stored_at_ms, uint64_t now_ms, uint64_t *out)
{
    *out = 0;
    if (stored_at_ms > now_ms) return stored_at_ms - now_ms <= L2_SKEW_MS;
    uint64_t age_ms = now_ms - stored_at_ms;
    *out = age_ms > UINT64_MAX / NS_PER_MS ? UINT64_MAX : age_ms * NS_PER_MS;
    return true;
}
