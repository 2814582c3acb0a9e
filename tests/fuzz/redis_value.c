/* A value of the second-level cache. As bytes from a stranger it is either refused or exactly what
 * we would have written; as a body it comes back as it was, and not at all when one bit of it, or
 * the key, is another. */

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "fuzz.h"
#include "runtime/l2_envelope.h"

static const struct cache_key key = { .bytes = { 1, 2, 3 } };

static void check_foreign(const char *bytes, size_t size)
{
    struct l2_envelope envelope;
    uint64_t age_ns = 0;
    if (!l2_envelope_read(bytes, size, &key, &envelope)) {
        assert(envelope.body == NULL && envelope.body_length == 0);
        return;
    }
    struct buf again;
    buf_init(&again, BUF_UNBOUNDED);
    l2_envelope_write(&again, &envelope, &key);
    assert(again.length == size && memcmp(again.data, bytes, size) == 0);
    buf_deinit(&again);
    if (l2_age_ns(envelope.stored_at_ms, 12345, &age_ns)) assert(envelope.stored_at_ms < 20000);
}

static void check_own(const char *bytes, size_t size)
{
    static const struct cache_key other_key = { .bytes = { 1, 2, 4 } };
    struct l2_envelope envelope = { .stored_at_ms = 10000 + size, .body = bytes,
                                    .body_length = size };
    struct l2_envelope found;
    struct buf value;
    buf_init(&value, BUF_UNBOUNDED);
    l2_envelope_write(&value, &envelope, &key);
    bool read = l2_envelope_read(value.data, value.length, &key, &found);
    assert(read == (size > 0 && value.length <= L2_VALUE_BYTES_MAX)); /* an empty body is none */
    if (read) {
        assert(found.stored_at_ms == envelope.stored_at_ms && found.body_length == size);
        assert(memcmp(found.body, bytes, size) == 0);
    }
    assert(!l2_envelope_read(value.data, value.length, &other_key, &found));
    assert(!l2_envelope_read(value.data, value.length - 1, &key, &found));
    size_t at = size == 0 ? 0 : (unsigned char)bytes[0] * value.length / 256;
    value.data[at] = (char)(value.data[at] ^ 1 << size % 8);
    assert(!l2_envelope_read(value.data, value.length, &key, &found));
    buf_deinit(&value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *bytes = fuzz_text(data, size);
    check_foreign(bytes, size);
    check_own(bytes, size);
    mem_free(bytes);
    return 0;
}
