#ifndef RUNTIME_L2_ENVELOPE_H
#define RUNTIME_L2_ENVELOPE_H
/* What is written into the second-level cache under a request's key, and what is believed of what
 * lies there. Others may write to the same server, other versions of this program too: a value
 * counts only when all of it is as we would have written it for this very key.
 *
 *     0   4  "TGL2"
 *     4   4  version, 1          (numbers: least byte first)
 *     8   8  stored at, milliseconds since 1970 by the writer's clock
 *    16   4  warnings, bits of enum forecast_warning
 *    20   4  length of the body
 *    24   8  checksum: draw(hash of bytes 0 .. 23, hash of the body, hash of the key, its length),
 *            see base/rng.h; against accidents, not against who can write to the cache anyway
 *    32      the body: response_write_forecast()'s text
 *
 * Whoever changes the body's shape, the meaning of the warnings or this table raises the version:
 * old and new processes then miss each other's values. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "core/cache.h"

enum {
    L2_HEAD_BYTES = 32,
    L2_VALUE_BYTES_MAX = 1 << 20, /* head and body; larger forecasts stay in this process */
    L2_SKEW_MS = 5000,            /* how far the writer's clock may go ahead of ours */
    L2_KEY_TEXT_MAX = 8 + 2 * CACHE_KEY_BYTES + 1,
};

struct l2_envelope {
    uint64_t stored_at_ms;
    uint32_t warnings;
    const char *body; /* borrowed: read: inside the value */
    size_t body_length;
};

/* "tsfm:v1:" and the key as 64 hex digits. */
void l2_key_text(const struct cache_key *key, char out[L2_KEY_TEXT_MAX]);

/* Appends the value to `out`. */
void l2_envelope_write(struct buf *out, const struct l2_envelope *envelope,
                       const struct cache_key *key);

/* False for anything but a whole value of this version for this key; then `out` is empty. */
bool l2_envelope_read(const char *bytes, size_t length, const struct cache_key *key,
                      struct l2_envelope *out);

/* How old it is. A clock that runs ahead by up to L2_SKEW_MS makes it new; false beyond. Example:
 * stored at 10,000 and now 12,500: 2.5 s; now 6,000: 0; now 4,000: false. */
bool l2_age_ns(uint64_t stored_at_ms, uint64_t now_ms, uint64_t *out);

#endif
