#include "scenario_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

const char fixture_text[] =
    "version: 1\n"
    "name: brownout-503\n"
    "teaches: A 20 s brownout with 503s costs freshness, not availability.\n"
    "seed: 42\n"
    "duration: 60s\n"
    "runtime: { env: prod, set: { cache_ttl_s: 5 } }\n"
    "workload:\n"
    "  - arrival: { poisson: 40/s }\n"
    "    keys: { count: 50, zipf: 0.9 }\n"
    "    request: { y_len: 288, horizon_steps: 12, liquidity_bucket: high }\n"
    "upstream:\n"
    "  latency: { p50: 40ms, p90: 90ms, p95: 140ms, p99: 220ms, max: 400ms }\n"
    "  phases:\n"
    "    - { name: outage, from: 20s, to: 40s, faults: [ { status: 503, retry_after: 1s, share: "
    "60% }, { at: response_body@40%, do: reset, share: 10% } ] }\n"
    "expect:\n"
    "  - latency: { p95: 300ms, outside: outage }\n"
    "  - served: { error: 0, fresh: \">= 60%\", in: outage }\n"
    "  - breaker: [closed, open, half_open, closed]\n"
    "  - codes: { RUNTIME_5XX: \">= 1\", INPUT_INVALID: 0 }\n"
    "  - order: guide\n"
    "  - amplification: \"<= 1.4\"\n"
    "  - recovers: { within: 45s }\n";

/* Takes the mark out of `text` and says where it stood. */
static void take_mark(char *text, int *line, int *column)
{
    *line = 0;
    *column = 0;
    char *mark = strchr(text, '^');
    if (mark == NULL) return;
    *line = 1;
    *column = 1;
    for (const char *at = text; at < mark; at++) {
        *column = *at == '\n' ? 1 : *column + 1;
        *line += *at == '\n' ? 1 : 0;
    }
    memmove(mark, mark + 1, strlen(mark));
}

char *fixture_edit(const char *old, const char *new, int *line, int *column)
{
    const char *at = strstr(fixture_text, old);
    if (at == NULL || strstr(at + 1, old) != NULL) fail_msg("\"%s\" must occur once", old);
    size_t before = (size_t)(at - fixture_text);
    size_t length = strlen(fixture_text) + strlen(new) + 1;
    char *text = mem_alloc(length, 1);
    snprintf(text, length, "%.*s%s%s", (int)before, fixture_text, new, at + strlen(old));
    take_mark(text, line, column);
    return text;
}

void fixture_check_refusals(const struct refusal *refusals, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct refusal *refusal = &refusals[i];
        struct arena arena = { .head = NULL };
        struct err_note note = { .err = ERR_OK };
        struct scenario scenario;
        int line = 0;
        int column = 0;
        char *text = fixture_edit(refusal->old, refusal->new, &line, &column);
        enum err err = scenario_parse(&arena, "a.yaml", text, strlen(text), &scenario, &note);
        if (err == ERR_OK) fail_msg("\"%s\" was taken", refusal->new);
        if (note.line != line || note.column != column ||
            strstr(note.sentence, refusal->sentence) == NULL) {
            fail_msg("\"%s\" was refused at %d:%d (wanted %d:%d): %s\nwanted: %s", refusal->new,
                     note.line, note.column, line, column, note.sentence, refusal->sentence);
        }
        assert_string_equal(note.path, "a.yaml");
        mem_free(text);
        arena_deinit(&arena);
    }
}
