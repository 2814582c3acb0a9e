#include "harness/report_annotations.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "harness/repository_path.h"

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
    if (item->has_parity && !item->parity.served_holds) {
        struct check check = parity_served_check(&item->parity);
        visit(context, item, &item->real, &check);
    }
    if (item->has_parity && !item->parity.intervals.hold) {
        struct check figures = parity_intervals_check(&item->parity.intervals);
        visit(context, item, &item->real, &figures);
    }
    if (item->has_replay && !item->replay.identical) {
        struct check check = { .status = CHECK_FAIL };
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

/* "::error file=..,line=..,col=..,title=": what goes before a message. `path` "": nowhere. */
static void open_github(struct buf *out, bool error, const char *path, int line, int column)
{
    struct buf place;
    buf_init(&place, BUF_UNBOUNDED);
    buf_printf(out, "::%s ", error ? "error" : "warning");
    if (path[0] != '\0') {
        repository_path(&place, path);
        buf_puts(out, "file=");
        put_command_text(out, buf_text(&place), true);
        if (line > 0) buf_printf(out, ",line=%d", line);
        if (line > 0 && column > 0) buf_printf(out, ",col=%d", column);
        buf_putc(out, ',');
    }
    buf_puts(out, "title=");
    buf_deinit(&place);
}

static void put_github(void *context, const struct suite_scenario *item,
                       const struct suite_world *world, const struct check *check)
{
    struct buf *out = context;
    open_github(out, is_error(check), item->scenario.path, check->line, check->column);
    put_command_text(out, check->name, true);
    buf_printf(out, " (%s)::%s: ", world_name(world->run.world), check_verdict_word(check));
    put_command_text(out, check->sentence, false);
    buf_putc(out, '\n');
}

void report_troubles_github(struct buf *out, const struct troubles *troubles)
{
    for (size_t i = 0; i < troubles->count; i++) {
        const struct err_note *note = &troubles->notes[i];
        open_github(out, true, note->path, note->line, note->column);
        buf_puts(out, "nothing was played::");
        put_command_text(out, note->sentence, false);
        buf_putc(out, '\n');
    }
}

void report_write_github(struct buf *out, const struct suite *suite)
{
    visit_suite(suite, put_github, out);
}

/* ---- GitLab ---- */

/* FNV-1a: the same finding has the same fingerprint in every run, so that GitLab knows it again. */
#define FINGERPRINT_START UINT64_C(0xcbf29ce484222325)
static uint64_t hash_text(uint64_t hash, const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
    }
    return (hash ^ 0xFF) * UINT64_C(0x100000001b3);
}

struct finding {
    const char *description;
    const char *check_name; /* without the program's name */
    uint64_t fingerprint;
    bool error;
    const char *path;
    int line;
};

static void put_finding(struct json *json, const struct finding *finding)
{
    char text[160];
    struct buf place;
    buf_init(&place, BUF_UNBOUNDED);
    repository_path(&place, finding->path);
    json_open(json, '{');
    json_member_string(json, "description", finding->description);
    snprintf(text, sizeof text, "tollgate.%s", finding->check_name);
    json_member_string(json, "check_name", text);
    snprintf(text, sizeof text, "%016" PRIx64, finding->fingerprint);
    json_member_string(json, "fingerprint", text);
    json_member_string(json, "severity", finding->error ? "critical" : "minor");
    json_key(json, "location");
    json_open(json, '{');
    json_member_string(json, "path", buf_text(&place));
    json_key(json, "lines");
    json_open(json, '{');
    json_key(json, "begin");
    json_i64(json, finding->line > 0 ? finding->line : 1);
    json_close(json, '}');
    json_close(json, '}');
    json_close(json, '}');
    buf_deinit(&place);
}

static void put_gitlab(void *context, const struct suite_scenario *item,
                       const struct suite_world *world, const struct check *check)
{
    char text[CHECK_SENTENCE_MAX + 160];
    uint64_t hash = hash_text(FINGERPRINT_START, item->scenario.name);
    hash = hash_text(hash_text(hash, world_name(world->run.world)), check->name);
    snprintf(text, sizeof text, "%s (%s) %s: %s", check->name, world_name(world->run.world),
             check_verdict_word(check), check->sentence);
    put_finding(context, &(struct finding){ text, check->name, hash, is_error(check),
                                            item->scenario.path, check->line });
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

/* What is no file's fault has no place there. */
void report_troubles_gitlab(struct buf *out, const struct troubles *troubles)
{
    struct json json;
    json_init(&json, out);
    json_open(&json, '[');
    for (size_t i = 0; i < troubles->count; i++) {
        const struct err_note *note = &troubles->notes[i];
        uint64_t hash = hash_text(hash_text(FINGERPRINT_START, note->path), note->sentence);
        if (note->path[0] == '\0') continue;
        put_finding(&json, &(struct finding){ note->sentence, "not_played", hash, true, note->path,
                                              note->line });
    }
    json_close(&json, ']');
    buf_putc(out, '\n');
}
