#include "harness/report_annotations.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"

typedef void each_finding(void *context, const struct suite_scenario *item,
                          const struct suite_world *world, const struct check *check);

/* An invalid run has one reason for all its checks: the first stands for them. */
static void visit_world(const struct suite_scenario *item, const struct suite_world *world,
                        each_finding *visit, void *context)
{
    if (!world->present) return;
    for (size_t i = 0; i < world->verdict.count; i++) {
        const struct check *check = &world->verdict.checks[i];
        bool asked = check->line > 0;
        if (check_is_quiet(check)) continue;
        if (check->status == CHECK_UNOBSERVABLE && !asked) continue;
        visit(context, item, world, check);
        if (world->run.invalid) break;
    }
}

/* The agreement of the worlds has no line of its own. */
static void visit_agreement(const struct suite_scenario *item, each_finding *visit, void *context)
{
    struct check check = { .name = "parity.served", .status = CHECK_FAIL };
    if (item->has_parity && !item->parity.served_holds) {
        snprintf(check.sentence, sizeof check.sentence,
                 "simulation and sockets agree on %" PRIu32 " of %" PRIu32 " decided requests",
                 item->parity.agree, item->parity.decided);
        visit(context, item, &item->real, &check);
    }
    if (item->has_parity && !item->parity.intervals.hold) {
        struct check figures = parity_intervals_check(&item->parity.intervals);
        visit(context, item, &item->real, &figures);
    }
    if (item->has_replay && !item->replay.identical) {
        snprintf(check.name, sizeof check.name, "%s", "parity.replay");
        snprintf(check.sentence, sizeof check.sentence,
                 "the real run's trace, replayed, diverges at line %d: %s", item->replay.line,
                 item->replay.sentence);
        visit(context, item, &item->real, &check);
    }
}

static void visit_suite(const struct suite *suite, each_finding *visit, void *context)
{
    for (size_t i = 0; i < suite->count; i++) {
        const struct suite_scenario *item = &suite->scenarios[i];
        visit_world(item, &item->sim, visit, context);
        visit_world(item, &item->real, visit, context);
        visit_agreement(item, visit, context);
    }
}

static bool is_error(const struct check *check)
{
    return check->status == CHECK_FAIL || check->status == CHECK_INVALID;
}

/* ---- GitHub ---- */

/* Its own escapes: a property ends at ',' and ':', a message at the line's end. */
static void put_command_text(struct buf *out, const char *text, bool property)
{
    for (const char *at = text; *at != '\0'; at++) {
        unsigned char c = (unsigned char)*at;
        bool special = c == '%' || c < 0x20 || c == 0x7F || (property && (c == ',' || c == ':'));
        if (special)
            buf_printf(out, "%%%02X", c);
        else
            buf_putc(out, *at);
    }
}

static void put_github(void *context, const struct suite_scenario *item,
                       const struct suite_world *world, const struct check *check)
{
    struct buf *out = context;
    buf_printf(out, "::%s file=", is_error(check) ? "error" : "warning");
    put_command_text(out, item->scenario.path, true);
    if (check->line > 0) buf_printf(out, ",line=%d,col=%d", check->line, check->column);
    buf_puts(out, ",title=");
    put_command_text(out, check->name, true);
    buf_printf(out, " (%s)::%s: ", world_name(world->run.world), check_verdict_word(check));
    put_command_text(out, check->sentence, false);
    buf_putc(out, '\n');
}

void report_write_github(struct buf *out, const struct suite *suite)
{
    visit_suite(suite, put_github, out);
}

/* ---- GitLab ---- */

/* FNV-1a: the same finding has the same fingerprint in every run, so that GitLab knows it again. */
static uint64_t hash_text(uint64_t hash, const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
    }
    return (hash ^ 0xFF) * UINT64_C(0x100000001b3);
}

static void put_gitlab(void *context, const struct suite_scenario *item,
                       const struct suite_world *world, const struct check *check)
{
    struct json *json = context;
    char text[CHECK_SENTENCE_MAX + 160];
    uint64_t hash = hash_text(UINT64_C(0xcbf29ce484222325), item->scenario.name);
    hash = hash_text(hash_text(hash, world_name(world->run.world)), check->name);
    json_open(json, '{');
    json_key(json, "description");
    snprintf(text, sizeof text, "%s (%s) %s: %s", check->name, world_name(world->run.world),
             check_verdict_word(check), check->sentence);
    json_string(json, text);
    json_key(json, "check_name");
    snprintf(text, sizeof text, "tollgate.%s", check->name);
    json_string(json, text);
    json_key(json, "fingerprint");
    snprintf(text, sizeof text, "%016" PRIx64, hash);
    json_string(json, text);
    json_key(json, "severity");
    json_string(json, is_error(check) ? "critical" : "minor");
    json_key(json, "location");
    json_open(json, '{');
    json_key(json, "path");
    json_string(json, item->scenario.path);
    json_key(json, "lines");
    json_open(json, '{');
    json_key(json, "begin");
    json_i64(json, check->line > 0 ? check->line : 1);
    json_close(json, '}');
    json_close(json, '}');
    json_close(json, '}');
}

void report_write_gitlab(struct buf *out, const struct suite *suite)
{
    struct json json;
    json_init(&json, out);
    json_open(&json, '[');
    visit_suite(suite, put_gitlab, &json);
    json_close(&json, ']');
    buf_putc(out, '\n');
}
