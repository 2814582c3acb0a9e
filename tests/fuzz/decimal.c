/* Numbers in JSON's grammar, beside the C library: the same double, bit for bit; and any double
 * written and read again is itself. */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "base/mem.h"
#include "fuzz.h"

static const char *skip_digits(const char *at)
{
    while (*at >= '0' && *at <= '9') at++;
    return at;
}

/* -? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)? */
static int is_json_number(const char *text)
{
    const char *at = *text == '-' ? text + 1 : text;
    const char *end = skip_digits(at);
    if (end == at || (*at == '0' && end - at > 1)) return 0;
    at = end;
    if (*at == '.') {
        end = skip_digits(++at);
        if (end == at) return 0;
        at = end;
    }
    if (*at == 'e' || *at == 'E') {
        at++;
        if (*at == '+' || *at == '-') at++;
        end = skip_digits(at);
        if (end == at) return 0;
        at = end;
    }
    return *at == '\0';
}

static void check_read(const char *text)
{
    if (!is_json_number(text)) return;
    double theirs = strtod(text, NULL);
    double ours = decimal_read(text, strlen(text));
    assert(memcmp(&ours, &theirs, sizeof ours) == 0);
}

static void check_written(double value)
{
    if (!isfinite(value)) return;
    char text[DECIMAL_TEXT_MAX];
    size_t length = decimal_write(value, text);
    assert(length == strlen(text) && length < DECIMAL_TEXT_MAX);
    assert(is_json_number(text));
    double again = strtod(text, NULL);
    assert(memcmp(&again, &value, sizeof value) == 0);
    check_read(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    check_read(text);
    for (size_t at = 0; at + sizeof(double) <= size; at += sizeof(double)) {
        double value;
        memcpy(&value, data + at, sizeof value);
        check_written(value);
    }
    mem_free(text);
    return 0;
}
