/* What is believed of a value in the second-level cache: all of it, or nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/instant.h"
#include "base/mem.h"
#include "base/rng.h"
#include "runtime/l2_envelope.h"

static const char body[] = "{\"market_id\":\"m\",\"yhat_q\":{\"0.1\":[0.4]}";
static const struct cache_key key = { .bytes = { 0xab, 1, 2, 3, [31] = 0xff } };

static struct buf value_for(const struct cache_key *of)
{
    struct buf value;
    buf_init(&value, L2_VALUE_BYTES_MAX);
    l2_envelope_write(&value, &(struct l2_envelope){
        .stored_at_ms = 1700000000123,
        .warnings = 5,
        .body = body,
        .body_length = strlen(body),
    }, of);
    return value;
}

/* An exact copy on the heap, so that a read behind its end is seen. */
static bool reads(const char *bytes, size_t length, const struct cache_key *of)
{
    struct l2_envelope envelope;
    char *copy = mem_copy(bytes, length);
    bool read = l2_envelope_read(copy, length, of, &envelope);
    assert_true(read == (envelope.body != NULL));
    mem_free(copy);
    return read;
}

static void key_is_the_prefix_and_64_hex_digits(void **state)
{
    (void)state;
    char text[L2_KEY_TEXT_MAX];
    l2_key_text(&key, text);
    assert_string_equal(text, "tsfm:v1:ab010203000000000000000000000000"
                              "000000000000000000000000000000ff");
}

static void what_was_written_is_read_back(void **state)
{
    (void)state;
    struct buf value = value_for(&key);
    assert_int_equal(value.length, L2_HEAD_BYTES + strlen(body));
    assert_memory_equal(value.data, "TGL2\1\0\0\0", 8);
    struct l2_envelope envelope;
    assert_true(l2_envelope_read(value.data, value.length, &key, &envelope));
    assert_int_equal(envelope.stored_at_ms, 1700000000123);
    assert_int_equal(envelope.warnings, 5);
    assert_int_equal(envelope.body_length, strlen(body));
    assert_memory_equal(envelope.body, body, strlen(body));
    buf_deinit(&value);
}

static void no_bit_may_differ(void **state)
{
    (void)state;
    struct buf value = value_for(&key);
    for (size_t bit = 0; bit < value.length * 8; bit++) {
        value.data[bit / 8] = (char)(value.data[bit / 8] ^ (1 << (bit % 8)));
        if (reads(value.data, value.length, &key)) fail_msg("bit %zu does not matter", bit);
        value.data[bit / 8] = (char)(value.data[bit / 8] ^ (1 << (bit % 8)));
    }
    assert_true(reads(value.data, value.length, &key));
    buf_deinit(&value);
}

/* As a writer would that knows the checksum: another version of this program, say. */
static void seal(struct buf *value)
{
    uint64_t sum = draw(hash_bytes(value->data, 24), hash_bytes(value->data + 32, strlen(body)),
                        hash_bytes(key.bytes, sizeof key.bytes), strlen(body));
    for (int i = 0; i < 8; i++) value->data[24 + i] = (char)(sum >> (8 * i));
}

static void a_well_made_value_of_another_version_or_length_is_refused(void **state)
{
    (void)state;
    struct buf value = value_for(&key);
    value.data[16] ^= 1;
    seal(&value);
    assert_true(reads(value.data, value.length, &key)); /* so the seal is the right one */
    const size_t places[] = { 0, 4, 7, 20, 23 }; /* magic, version, length */
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        value.data[places[i]] ^= 2;
        seal(&value);
        if (reads(value.data, value.length, &key)) fail_msg("byte %zu", places[i]);
        value.data[places[i]] ^= 2;
    }
    buf_deinit(&value);
}

static void no_byte_may_be_missing_or_too_much(void **state)
{
    (void)state;
    struct buf value = value_for(&key);
    for (size_t length = 0; length < value.length; length++) {
        if (reads(value.data, length, &key)) fail_msg("%zu bytes are enough", length);
    }
    size_t whole = value.length;
    buf_putc(&value, 'x');
    assert_false(reads(value.data, whole + 1, &key));
    buf_deinit(&value);
}

static void the_value_of_another_key_is_not_ours(void **state)
{
    (void)state;
    struct cache_key other = key;
    other.bytes[31]--;
    struct buf value = value_for(&other);
    assert_true(reads(value.data, value.length, &other));
    assert_false(reads(value.data, value.length, &key));
    buf_deinit(&value);
}

static void an_empty_body_is_not_a_forecast(void **state)
{
    (void)state;
    struct buf value;
    buf_init(&value, L2_VALUE_BYTES_MAX);
    l2_envelope_write(&value, &(struct l2_envelope){ .body = "" }, &key);
    assert_false(reads(value.data, value.length, &key));
    buf_deinit(&value);
}

static void mutated_and_random_bytes_are_refused(void **state)
{
    (void)state;
    enum { ROUNDS = 100000, BYTES_MAX = 200 };
    struct buf value = value_for(&key);
    struct rng rng;
    rng_init(&rng, 11, "l2_envelope_test");
    for (int round = 0; round < ROUNDS; round++) {
        char bytes[BYTES_MAX];
        size_t length = rng_below(&rng, BYTES_MAX);
        for (size_t i = 0; i < length; i++) bytes[i] = (char)rng_next(&rng);
        /* Half of them begin as ours do: up to some place, or with some pieces exchanged. */
        if (rng_below(&rng, 2) == 0) {
            size_t kept = rng_below(&rng, value.length);
            memcpy(bytes, value.data, kept < length ? kept : length);
        } else if (length >= value.length) {
            memcpy(bytes, value.data, value.length);
            bytes[rng_below(&rng, value.length)] ^= (char)(1 + rng_below(&rng, 255));
            if (rng_below(&rng, 2) == 0) length = value.length;
        }
        assert_false(reads(bytes, length, &key));
    }
    buf_deinit(&value);
}

static void age_is_the_difference_of_the_clocks_and_a_little_future_is_new(void **state)
{
    (void)state;
    const struct {
        uint64_t stored_ms, now_ms, age_ns;
        bool known;
    } cases[] = {
        { 10000, 12500, 2500 * NS_PER_MS, true },
        { 10000, 10000, 0, true },
        { 10000, 6000, 0, true },
        { 10000, 5000, 0, true },
        { 10000, 4999, 0, false },
        { UINT64_MAX, 0, 0, false },
        { 0, UINT64_MAX, UINT64_MAX, true },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t age_ns = 77;
        assert_true(l2_age_ns(cases[i].stored_ms, cases[i].now_ms, &age_ns) == cases[i].known);
        assert_int_equal(age_ns, cases[i].age_ns);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_is_the_prefix_and_64_hex_digits),
        cmocka_unit_test(what_was_written_is_read_back),
        cmocka_unit_test(no_bit_may_differ),
        cmocka_unit_test(a_well_made_value_of_another_version_or_length_is_refused),
        cmocka_unit_test(no_byte_may_be_missing_or_too_much),
        cmocka_unit_test(the_value_of_another_key_is_not_ours),
        cmocka_unit_test(an_empty_body_is_not_a_forecast),
        cmocka_unit_test(mutated_and_random_bytes_are_refused),
        cmocka_unit_test(age_is_the_difference_of_the_clocks_and_a_little_future_is_new),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
