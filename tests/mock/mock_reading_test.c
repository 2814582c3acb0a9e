/* The long lists of a request, many bytes at once, beside plain readings of the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "ask_same.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/rng.h"
#include "mock/ask_lists.h"

enum { BLOCK = 64 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* JSON's grammar without an exponent, then a comma, then blanks: its length, or 0. */
static size_t plain_item(const char *text)
{
    const char *at = text + (*text == '-');
    if (!is_digit(*at) || (*at == '0' && is_digit(at[1]))) return 0;
    while (is_digit(*at))
        at++;
    if (*at == '.') {
        if (!is_digit(*++at)) return 0;
        while (is_digit(*at))
            at++;
    }
    if (*at++ != ',') return 0;
    while (*at == ' ' || *at == '\n')
        at++;
    return (size_t)(at - text);
}

/* Whatever was taken are items, and where something is wrong nothing behind it is taken. */
static void expect_items(const char *text, size_t length)
{
    char *exact = mem_copy(text, length); /* a byte read behind it would be seen */
    size_t count = 0;
    const char *end = ask_lists_numbers(exact, exact + length, &count);
    const char *at = text;
    for (size_t i = 0; i < count; i++) {
        size_t item = plain_item(at);
        if (item == 0) fail_msg("%zu numbers in %s", count, text);
        at += item;
    }
    if (at - text != end - exact) fail_msg("stopped at %td in %s", end - exact, text);
    mem_free(exact);
}

static void every_short_text_is_taken_for_numbers_only_when_it_is(void **state)
{
    (void)state;
    static const char ALPHABET[] = { '0', '7', '.', '-', ',', ' ', 'e' };
    enum { LETTERS = sizeof ALPHABET, LENGTH = 6, BEFORE = 60 };
    size_t texts = 1;
    for (int i = 0; i < LENGTH; i++)
        texts *= LETTERS;
    for (size_t n = 0; n < texts; n++) {
        char text[BEFORE + 2 * BLOCK + 1];
        size_t rest = n;
        /* In the middle of a block, and over the end of one. */
        size_t before = n % 2 == 0 ? 12 : BEFORE;
        for (size_t i = 0; i < sizeof text - 1; i++)
            text[i] = "1.5,"[i % 4];
        for (int i = 0; i < LENGTH; i++, rest /= LETTERS)
            text[before + (size_t)i] = ALPHABET[rest % LETTERS];
        text[sizeof text - 1] = '\0';
        expect_items(text, sizeof text - 1);
    }
}

static void numbers_of_the_common_kind_are_all_taken(void **state)
{
    (void)state;
    static const char *const LISTS[] = {
        "0.123456,", "-0.5, ", "1,", "12345678901234567, ", "0,\n          ", "-17.25,1,0.000001, "
    };
    for (size_t i = 0; i < sizeof LISTS / sizeof LISTS[0]; i++) {
        struct buf text;
        size_t count = 0;
        buf_init(&text, BUF_UNBOUNDED);
        while (text.length < 1000)
            buf_puts(&text, LISTS[i]);
        const char *end = ask_lists_numbers(text.data, text.data + text.length, &count);
        assert_true(count > 0);
        assert_true(text.data + text.length - end < BLOCK);
        expect_items(buf_text(&text), text.length);
        buf_deinit(&text);
    }
}

/* A list of `count` texts of `length` bytes, of which every other one is a digit, without its
 * first bracket. */
static void write_texts(struct buf *out, size_t count, size_t length, const char *separator)
{
    for (size_t i = 0; i < count; i++) {
        buf_puts(out, "\"");
        for (size_t k = 0; k < length; k++)
            buf_putc(out, (char)(k % 2 == 0 ? '0' + (i + k) % 10 : 'a' + k));
        buf_puts(out, i + 1 < count ? "\"" : "\"]");
        if (i + 1 < count) buf_puts(out, separator);
    }
}

/* How many are taken behind the first. */
static size_t texts_taken(const char *list, size_t bytes, size_t period)
{
    char *exact = mem_copy(list, bytes);
    size_t count = ask_lists_texts(exact + period, exact + bytes, period);
    mem_free(exact);
    return count;
}

/* Every byte of an item changed in every way: it is taken as long as a digit replaces a digit. */
static void expect_one_taken_with_digits_only(struct buf *list, size_t item, size_t period)
{
    for (size_t at = item * period; at < (item + 1) * period; at++) {
        const char good = list->data[at];
        for (int byte = 0; byte < 256; byte++) {
            list->data[at] = (char)byte;
            bool may = (char)byte == good || (is_digit(good) && is_digit((char)byte));
            size_t taken = texts_taken(list->data, list->length, period);
            if ((taken > item - 1) != may) {
                fail_msg("period %zu, byte %zu, %d for %d: %zu taken", period, at, byte, good,
                         taken);
            }
        }
        list->data[at] = good;
    }
}

static void texts_laid_out_alike_are_taken_and_no_others(void **state)
{
    (void)state;
    enum { COUNT = 30, CHANGED = 5, REACH = 32, LANES = 16 };
    static const char *const SEPARATORS[] = { ",", ", ", ",\n   " };
    for (size_t length = 1; length <= REACH; length++) {
        for (size_t s = 0; s < sizeof SEPARATORS / sizeof SEPARATORS[0]; s++) {
            struct buf list;
            const size_t period = length + 2 + strlen(SEPARATORS[s]);
            buf_init(&list, BUF_UNBOUNDED);
            write_texts(&list, COUNT, length, SEPARATORS[s]);
            size_t all = texts_taken(list.data, list.length, period);
            if (period > REACH) {
                assert_int_equal(all, 0);
            } else { /* but the last, which is followed by no other, and those too near the end */
                assert_true(all >= COUNT - 2 - LANES / period && all <= COUNT - 2);
                expect_one_taken_with_digits_only(&list, CHANGED, period);
            }
            buf_deinit(&list);
        }
    }
}

static void commas_are_found_from_the_end(void **state)
{
    (void)state;
    static const char LIST[] = "1,0.25,-3.5,12345678901234567890123456789,0,1,2,3,4,5,6,7, 8.125,9";
    char *exact = mem_copy(LIST, sizeof LIST - 1); /* a byte read in front would be seen */
    const char *end = exact + sizeof LIST - 1;
    size_t count = 0;
    for (const char *at = end; at > exact; at--) {
        if (at[-1] != ',') continue;
        assert_ptr_equal(ask_lists_last(end, exact, ++count), at);
    }
    assert_int_equal(count, 13);
    mem_free(exact);
}

struct style {
    const char *separator;  /* of lists */
    const char *values;     /* the kinds of numbers, one after the other */
    const char *timestamps; /* the same */
};

static const struct style STYLES[] = {
    { ",", "0.123456\0000.654321\0", "2026-01-01T00:00:00Z\0002026-01-01T00:05:00Z\0" },
    { ", ", "-0.5\0001\00017.25\0000.30000000000000004\0", "2026-01-01\0002026-01-02\0" },
    { ",\n      ", "12345\0000\000-3.25\0", "2026-01-01 00:00:00+00:00\0001/2/26 10:00\0" },
    { " , ", "0.1\000", "t\0" },
};

/* The n-th of texts that are written one behind the other. */
static const char *pick(const char *texts, size_t n)
{
    size_t count = 0;
    const char *at = texts;
    for (; *at != '\0'; at += strlen(at) + 1)
        count++;
    for (at = texts, n %= count; n > 0; n--)
        at += strlen(at) + 1;
    return at;
}

static void write_request(struct buf *out, const struct style *style, size_t count)
{
    buf_puts(out, "{\"model\":\"chronos\",\"horizon\":3,\"series\":[{\"id\":\"m\","
                  "\"timestamps\":[");
    for (size_t i = 0; i < count; i++)
        buf_printf(out, "%s\"%s\"", i == 0 ? "" : style->separator, pick(style->timestamps, i));
    buf_puts(out, "],\"target\":[");
    for (size_t i = 0; i < count; i++)
        buf_printf(out, "%s%s", i == 0 ? "" : style->separator, pick(style->values, i));
    buf_puts(out, "]}],\"quantiles\":[0.1,0.5,0.9],\"options\":{},\"timeout\":1.8}");
}

static void requests_of_every_style_and_size_are_taken_as_the_long_way_takes_them(void **state)
{
    (void)state;
    for (size_t s = 0; s < sizeof STYLES / sizeof STYLES[0]; s++) {
        for (size_t count = 1; count <= 300; count++) {
            struct buf body;
            buf_init(&body, BUF_UNBOUNDED);
            write_request(&body, &STYLES[s], count);
            char *exact = mem_copy(body.data, body.length);
            assert_int_equal(ask_compare(ASK_V1, exact, body.length), ASK_TAKEN);
            mem_free(exact);
            buf_deinit(&body);
        }
    }
}

/* One or a few bytes put in, taken out, or changed into what means something in JSON. */
static size_t mutate(struct rng *rng, char *body, size_t length)
{
    static const char BYTES[] = "0123456789.,-+eE\"\\[]{}: \n\t\x1F\x7F\x80nulltrue";
    for (uint64_t i = 1 + rng_below(rng, 2); i > 0; i--) {
        size_t at = (size_t)rng_below(rng, length);
        char byte = BYTES[rng_below(rng, sizeof BYTES)]; /* also the NUL */
        switch (rng_below(rng, 4)) {
        case 0:
            memmove(body + at + 1, body + at, length - at);
            body[at] = byte;
            length++;
            break;
        case 1: memmove(body + at, body + at + 1, --length - at); break;
        default: body[at] = byte; break;
        }
    }
    return length;
}

static void changed_requests_are_left_or_read_the_same(void **state)
{
    (void)state;
    enum { ROUNDS = 4000, COUNT = 40 };
    struct rng rng;
    int seen[3] = { 0 };
    rng_init(&rng, 11, "requests");
    for (int round = 0; round < ROUNDS; round++) {
        struct buf body;
        buf_init(&body, BUF_UNBOUNDED);
        write_request(&body, &STYLES[rng_below(&rng, sizeof STYLES / sizeof STYLES[0])],
                      1 + (size_t)rng_below(&rng, COUNT));
        size_t length = body.length;
        buf_puts(&body, "    ");
        length = mutate(&rng, body.data, length);
        char *exact = mem_copy(body.data, length);
        enum ask_same same = ask_compare(ASK_V1, exact, length);
        if (same == ASK_DIFFERS) fail_msg("read otherwise: %.*s", (int)length, body.data);
        seen[same]++;
        mem_free(exact);
        buf_deinit(&body);
    }
    assert_true(seen[ASK_LEFT] > ROUNDS / 10 && seen[ASK_TAKEN] > ROUNDS / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_short_text_is_taken_for_numbers_only_when_it_is),
        cmocka_unit_test(numbers_of_the_common_kind_are_all_taken),
        cmocka_unit_test(texts_laid_out_alike_are_taken_and_no_others),
        cmocka_unit_test(commas_are_found_from_the_end),
        cmocka_unit_test(requests_of_every_style_and_size_are_taken_as_the_long_way_takes_them),
        cmocka_unit_test(changed_requests_are_left_or_read_the_same),
    };
    int failed = cmocka_run_group_tests_name("as this processor can", tests, NULL, NULL);
    ask_lists_stay_narrow(true);
    return failed + cmocka_run_group_tests_name("as every processor can", tests, NULL, NULL);
}
