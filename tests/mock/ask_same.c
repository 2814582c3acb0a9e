#include "ask_same.h"

#include <string.h>

#include "mock/ask_scan.h"

static bool text_same(const char *a, const char *b)
{
    if (a == NULL || b == NULL) return a == b;
    return strcmp(a, b) == 0;
}

static bool series_same(const struct ask_series *a, const struct ask_series *b)
{
    return text_same(a->id, b->id) && text_same(a->freq, b->freq) &&
           text_same(a->last_timestamp, b->last_timestamp) &&
           text_same(a->before_last_timestamp, b->before_last_timestamp) && a->count == b->count &&
           a->recent_count == b->recent_count &&
           memcmp(a->recent, b->recent, a->recent_count * sizeof *a->recent) == 0;
}

static bool ask_same(const struct ask *a, const struct ask *b)
{
    bool same = a->api == b->api && a->stream == b->stream && text_same(a->model, b->model) &&
                text_same(a->model_version, b->model_version) && a->horizon == b->horizon &&
                a->keep_alive.given == b->keep_alive.given &&
                a->quantile_count == b->quantile_count && a->series_count == b->series_count;
    for (size_t i = 0; same && i < a->quantile_count; i++)
        same = a->quantiles[i] == b->quantiles[i];
    for (size_t i = 0; same && i < a->series_count; i++)
        same = series_same(&a->series[i], &b->series[i]);
    return same;
}

enum ask_same ask_compare(enum ask_api api, const char *body, size_t length)
{
    struct ask scanned, parsed;
    struct err_note note = { .err = ERR_OK };
    if (!ask_scan(api, body, length, &scanned)) return ASK_LEFT;
    bool same =
        ask_parse(api, body, length, &parsed, &note) == ERR_OK && ask_same(&scanned, &parsed);
    ask_deinit(&scanned);
    ask_deinit(&parsed);
    return same ? ASK_TAKEN : ASK_DIFFERS;
}
