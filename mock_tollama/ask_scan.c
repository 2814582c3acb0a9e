#include "mock/ask_scan.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/decimal.h"
#include "mock/ask_lists.h"

enum { SCAN_SERIES_MAX = 16, SCAN_QUANTILES_MAX = 32, SCAN_HORIZON_DIGITS = 6 };

struct text {
    const char *at;
    size_t length;
};

#define TEXT(word)                                                                                 \
    {                                                                                              \
        word, sizeof word - 1                                                                      \
    }

struct scan {
    const char *at;
    const char *end;
    struct ask *ask;
    struct ask_series series[SCAN_SERIES_MAX];
    double quantiles[SCAN_QUANTILES_MAX];
};

static const char *behind_space(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r'))
        at++;
    return at;
}

static void skip_space(struct scan *scan)
{
    scan->at = behind_space(scan->at, scan->end);
}

/* Takes `c`, with white space around it. */
static bool take(struct scan *scan, char c)
{
    skip_space(scan);
    if (scan->at == scan->end || *scan->at != c) return false;
    scan->at++;
    skip_space(scan);
    return true;
}

/* A text that is neither empty nor escaped. */
static bool take_text(struct scan *scan, struct text *out)
{
    if (scan->at == scan->end || *scan->at != '"') return false;
    const char *at = scan->at + 1;
    out->at = at;
    while (scan->end - at >= ASK_LISTS_LANES) {
        size_t length = ask_lists_plain(at);
        at += length;
        if (length < ASK_LISTS_LANES) break;
    }
    while (at < scan->end && *at != '"' && *at != '\\' && *at >= 0x20 && *at < 0x7F)
        at++;
    if (at == scan->end || *at != '"' || at == out->at) return false;
    out->length = (size_t)(at - out->at);
    scan->at = at + 1;
    return true;
}

static const char *keep(struct scan *scan, const struct text *text)
{
    return arena_copy_text(&scan->ask->arena, text->at, text->length);
}

/* At the next item of a list: true; at its end: false, and *good says whether it ended well. */
static bool next_item(struct scan *scan, char closing, size_t taken, bool *good)
{
    skip_space(scan);
    if (scan->at < scan->end && *scan->at == closing) {
        scan->at++;
        *good = true;
        return false;
    }
    *good = taken == 0 || (scan->at < scan->end && *scan->at == ',');
    if (*good && taken > 0) scan->at++;
    skip_space(scan);
    /* A comma before the end is no JSON. */
    if (*good && scan->at < scan->end && *scan->at != closing) return true;
    *good = false;
    return false;
}

/* Not inside a longer number of another kind. */
static bool at_number_end(const char *at, const char *end)
{
    return at < end && (*at == ',' || *at == ']' || *at == '}' || *at == ' ' || *at == '\n');
}

static bool take_number(struct scan *scan, double *out)
{
    size_t length = decimal_scan(scan->at, (size_t)(scan->end - scan->at), out);
    if (length == 0) return false;
    scan->at += length;
    return at_number_end(scan->at, scan->end);
}

/* Behind an item of a list: true when another one must follow, and then at its beginning. Else the
 * list is over, or (*good false) it is none. */
static inline bool more_items(struct scan *scan, bool *good)
{
    if (scan->at < scan->end && *scan->at <= ' ') skip_space(scan);
    *good = scan->at < scan->end && (*scan->at == ',' || *scan->at == ']');
    if (!*good) return false;
    bool more = *scan->at == ',';
    scan->at++;
    if (more && scan->at < scan->end && *scan->at <= ' ') skip_space(scan);
    return more;
}

/* Behind an item of the list that has followers: those that are laid out like it. */
static size_t take_texts_alike(struct scan *scan, struct text *last)
{
    const size_t period = (size_t)(scan->at + 1 - last->at);
    size_t count = ask_lists_texts(scan->at, scan->end, period);
    scan->at += count * period;
    last->at += count * period;
    return count;
}

static bool take_timestamps(struct scan *scan, struct ask_series *series, size_t *count)
{
    struct text last = { .at = NULL }, before = { .at = NULL };
    bool good = false, more = true;
    *count = 0;
    if (!take(scan, '[')) return false;
    while (more) {
        before = last;
        if (!take_text(scan, &last)) return false;
        ++*count;
        more = more_items(scan, &good);
        if (more) *count += take_texts_alike(scan, &last);
    }
    if (!good) return false;
    series->last_timestamp = keep(scan, &last);
    if (before.at != NULL) series->before_last_timestamp = keep(scan, &before);
    return true;
}

/* The last numbers of a list that has been looked at, and lies between `first` and `end`. */
static bool read_last(const char *first, const char *end, const struct ask_series *series,
                      double *out)
{
    const char *at = first;
    if (series->count > series->recent_count) {
        at = ask_lists_last(end, first, series->recent_count);
    }
    for (size_t i = 0; i < series->recent_count; i++) {
        at = behind_space(at, end);
        size_t length = decimal_scan(at, (size_t)(end - at), &out[i]);
        if (length == 0) return false;
        at = behind_space(at + length, end) + 1; /* the comma, or the end */
    }
    return true;
}

/* All are looked at; only the last ones are worked out. */
static bool take_target(struct scan *scan, struct ask_series *series)
{
    bool good = false;
    double unused = 0;
    if (!take(scan, '[')) return false;
    const char *first = scan->at;
    do {
        scan->at = ask_lists_numbers(scan->at, scan->end, &series->count);
        skip_space(scan);
        if (!take_number(scan, &unused)) return false;
        series->count++;
    } while (more_items(scan, &good));
    if (!good) return false;
    series->recent_count = series->count < ASK_RECENT_MAX ? series->count : ASK_RECENT_MAX;
    double *recent = arena_alloc(&scan->ask->arena, series->recent_count, sizeof *recent);
    series->recent = recent;
    return read_last(first, scan->at - 1, series, recent);
}

/* The key of a member and its colon; false when it stood there before. */
static bool take_key(struct scan *scan, const struct text *keys, size_t count, unsigned *seen,
                     size_t *out)
{
    struct text key;
    if (!take_text(scan, &key) || !take(scan, ':')) return false;
    for (size_t i = 0; i < count; i++) {
        if (keys[i].length != key.length || memcmp(keys[i].at, key.at, key.length) != 0) continue;
        if ((*seen >> i & 1) != 0) return false;
        *seen |= 1u << i;
        *out = i;
        return true;
    }
    return false;
}

static bool take_kept_text(struct scan *scan, const char **out)
{
    struct text text;
    if (!take_text(scan, &text)) return false;
    *out = keep(scan, &text);
    return true;
}

static bool take_one_series(struct scan *scan, struct ask_series *series)
{
    static const struct text KEYS[] = { TEXT("id"), TEXT("freq"), TEXT("timestamps"),
                                        TEXT("target") };
    enum { ID, FREQ, TIMESTAMPS, TARGET, COUNT };
    unsigned seen = 0;
    size_t key = 0, members = 0, timestamps = 0;
    bool good = false;
    *series = (struct ask_series){ .freq = "auto" };
    if (!take(scan, '{')) return false;
    for (; next_item(scan, '}', members, &good); members++) {
        if (!take_key(scan, KEYS, COUNT, &seen, &key)) return false;
        bool taken = false;
        switch (key) {
        case ID: taken = take_kept_text(scan, &series->id); break;
        case FREQ: taken = take_kept_text(scan, &series->freq); break;
        case TIMESTAMPS: taken = take_timestamps(scan, series, &timestamps); break;
        case TARGET: taken = take_target(scan, series); break;
        }
        if (!taken) return false;
    }
    const unsigned needed = 1u << ID | 1u << TIMESTAMPS | 1u << TARGET;
    return good && (seen & needed) == needed && timestamps == series->count;
}

static bool take_series(struct scan *scan)
{
    struct ask *ask = scan->ask;
    bool good = false;
    if (!take(scan, '[')) return false;
    while (next_item(scan, ']', ask->series_count, &good)) {
        if (ask->series_count == SCAN_SERIES_MAX) return false;
        if (!take_one_series(scan, &scan->series[ask->series_count])) return false;
        ask->series_count++;
    }
    return good && ask->series_count > 0;
}

static bool take_quantiles(struct scan *scan)
{
    struct ask *ask = scan->ask;
    bool good = false;
    if (!take(scan, '[')) return false;
    while (next_item(scan, ']', ask->quantile_count, &good)) {
        double *value = &scan->quantiles[ask->quantile_count];
        if (ask->quantile_count == SCAN_QUANTILES_MAX) return false;
        if (!take_number(scan, value) || !(*value > 0 && *value < 1)) return false;
        if (ask->quantile_count > 0 && !(value[0] > value[-1])) return false;
        ask->quantile_count++;
    }
    return good;
}

static bool take_horizon(struct scan *scan)
{
    size_t value = 0;
    const char *at = scan->at;
    while (at < scan->end && *at >= '0' && *at <= '9' && at - scan->at < SCAN_HORIZON_DIGITS)
        value = value * 10 + (size_t)(*at++ - '0');
    bool good = at > scan->at && *scan->at != '0' && at_number_end(at, scan->end);
    scan->at = at;
    scan->ask->horizon = value;
    return good;
}

static bool take_word(struct scan *scan, const char *word)
{
    size_t length = strlen(word);
    if ((size_t)(scan->end - scan->at) < length || memcmp(scan->at, word, length) != 0) {
        return false;
    }
    scan->at += length;
    return true;
}

static bool take_stream(struct scan *scan)
{
    struct ask *ask = scan->ask;
    if (ask->api != ASK_OLLAMA) return false;
    ask->stream = take_word(scan, "true");
    return ask->stream || take_word(scan, "false");
}

static bool take_positive(struct scan *scan)
{
    double value = 0;
    return take_number(scan, &value) && value > 0;
}

static bool take_members(struct scan *scan)
{
    static const struct text KEYS[] = { TEXT("model"),     TEXT("horizon"), TEXT("series"),
                                        TEXT("quantiles"), TEXT("options"), TEXT("timeout"),
                                        TEXT("stream") };
    enum { MODEL, HORIZON, SERIES, QUANTILES, OPTIONS, TIMEOUT, STREAM, COUNT };
    unsigned seen = 0;
    size_t key = 0, members = 0;
    bool good = false;
    scan->ask->stream = scan->ask->api == ASK_OLLAMA;
    if (!take(scan, '{')) return false;
    for (; next_item(scan, '}', members, &good); members++) {
        if (!take_key(scan, KEYS, COUNT, &seen, &key)) return false;
        bool taken = false;
        switch (key) {
        case MODEL: taken = take_kept_text(scan, &scan->ask->model); break;
        case HORIZON: taken = take_horizon(scan); break;
        case SERIES: taken = take_series(scan); break;
        case QUANTILES: taken = take_quantiles(scan); break;
        case OPTIONS: taken = take(scan, '{') && take(scan, '}'); break;
        case TIMEOUT: taken = take_positive(scan); break;
        case STREAM: taken = take_stream(scan); break;
        }
        if (!taken) return false;
    }
    skip_space(scan);
    const unsigned needed = 1u << MODEL | 1u << HORIZON | 1u << SERIES;
    return good && (seen & needed) == needed && scan->at == scan->end;
}

bool ask_scan(enum ask_api api, const char *body, size_t length, struct ask *out)
{
    struct scan scan;
    ask_init(out, api);
    if (api == ASK_TIMESERIES) return false;
    arena_lend(&out->arena, out->lent, sizeof out->lent);
    scan.at = body;
    scan.end = body + length;
    scan.ask = out;
    bool good = take_members(&scan) &&
                out->horizon <= ASK_VALUES_MAX / (out->quantile_count + 1) / out->series_count;
    if (!good) {
        ask_deinit(out);
        return false;
    }
    struct ask_series *series = arena_alloc(&out->arena, out->series_count, sizeof *series);
    double *quantiles = arena_alloc(&out->arena, out->quantile_count + 1, sizeof *quantiles);
    memcpy(series, scan.series, out->series_count * sizeof *series);
    memcpy(quantiles, scan.quantiles, out->quantile_count * sizeof *quantiles);
    out->series = series;
    out->quantiles = quantiles;
    return true;
}
