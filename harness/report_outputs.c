#include "harness/report_outputs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/units.h"
#include "harness/report.h"
#include "harness/report_annotations.h"
#include "harness/report_openmetrics.h"
#include "harness/report_rules.h"
#include "harness/report_troubles.h"
#include "harness/result_read.h"

const char report_outputs_help[] =
    "  --junit FILE           one more copy of junit.xml (FILE \"-\": standard output)\n"
    "  --summary FILE         ... of summary.md\n"
    "  --html FILE            ... of index.html\n"
    "  --openmetrics FILE     the timelines as a Prometheus would have collected them\n"
    "  --rules DIR            rules.yml (burn-rate alerts) and rules_test.yml, for promtool\n"
    "  --annotations WHERE    what did not pass at its line: github (standard output; the default\n"
    "                         within GitHub Actions), gitlab=FILE (code quality), none\n"
    "  --baseline RESULT      an earlier result.json or run folder: the summary shows the change\n"
    "  --require-coverage PCT exit 1 when the runs reach less of the service's behaviour\n";

static const char gitlab[] = "gitlab=";

const char **report_outputs_slot(struct report_outputs *outputs, const char *word)
{
    const struct {
        const char *word;
        const char **slot;
    } rows[] = {
        { "--html", &outputs->html },         { "--junit", &outputs->junit },
        { "--summary", &outputs->summary },   { "--openmetrics", &outputs->openmetrics },
        { "--rules", &outputs->rules },       { "--annotations", &outputs->annotations },
        { "--baseline", &outputs->baseline }, { "--require-coverage", &outputs->require_coverage },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(rows[i].word, word) == 0) return rows[i].slot;
    }
    return NULL;
}

static bool annotations_known(const char *where)
{
    if (strncmp(where, gitlab, strlen(gitlab)) == 0) return where[strlen(gitlab)] != '\0';
    return strcmp(where, "github") == 0 || strcmp(where, "none") == 0;
}

/* Where GitLab's code quality goes; NULL: nowhere. */
static const char *gitlab_file(const struct report_outputs *outputs)
{
    bool asked = outputs->annotations != NULL &&
                 strncmp(outputs->annotations, gitlab, strlen(gitlab)) == 0;
    return asked ? outputs->annotations + strlen(gitlab) : NULL;
}

static bool wants_github(const struct report_outputs *outputs)
{
    if (outputs->annotations != NULL) return strcmp(outputs->annotations, "github") == 0;
    const char *inside = getenv("GITHUB_ACTIONS");
    return inside != NULL && strcmp(inside, "true") == 0;
}

/* How many of the files are standard output. */
static size_t count_on_stdout(const struct report_outputs *outputs)
{
    const char *const files[] = { outputs->html, outputs->junit, outputs->summary,
                                  outputs->openmetrics, gitlab_file(outputs) };
    size_t count = 0;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        count += files[i] != NULL && strcmp(files[i], "-") == 0;
    }
    return count;
}

bool report_outputs_on_stdout(const struct report_outputs *outputs)
{
    return count_on_stdout(outputs) > 0;
}

enum err report_outputs_open(const struct report_outputs *outputs, struct arena *arena,
                             struct suite *baseline, struct err_note *note)
{
    *baseline = (struct suite){ .name = "" };
    uint32_t ppm = 0;
    if (outputs->annotations != NULL && !annotations_known(outputs->annotations)) {
        return err_note_set(note, ERR_USAGE, NULL, 0, 0,
                            "--annotations %s: allowed are github, gitlab=FILE and none",
                            outputs->annotations);
    }
    if (outputs->require_coverage != NULL && !units_parse_share(outputs->require_coverage, &ppm)) {
        return err_note_set(note, ERR_USAGE, NULL, 0, 0,
                            "--require-coverage %s: write a share, for example 90%%",
                            outputs->require_coverage);
    }
    if (count_on_stdout(outputs) > 1) {
        return err_note_set(note, ERR_USAGE, NULL, 0, 0,
                            "only one report can go to standard output (\"-\"); name files for the "
                            "others");
    }
    if (outputs->baseline == NULL) return ERR_OK;
    return result_load(outputs->baseline, arena, baseline, note);
}

bool report_outputs_any(const struct report_outputs *outputs)
{
    return outputs->html != NULL || outputs->junit != NULL || outputs->summary != NULL ||
           outputs->openmetrics != NULL || outputs->rules != NULL || outputs->annotations != NULL;
}

static enum err clear_rules(const char *folder, struct err_note *note)
{
    static const char *const names[] = { "rules.yml", "rules_test.yml" };
    char path[1024];
    if (folder == NULL) return ERR_OK;
    enum err rc = file_make_folder(folder, note);
    for (size_t i = 0; rc == ERR_OK && i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        rc = file_clear(path, note);
    }
    return rc;
}

enum err report_outputs_clear(const struct report_outputs *outputs, struct err_note *note)
{
    const char *const files[] = { outputs->html, outputs->junit, outputs->summary,
                                  outputs->openmetrics, gitlab_file(outputs) };
    enum err rc = ERR_OK;
    for (size_t i = 0; rc == ERR_OK && i < sizeof files / sizeof files[0]; i++) {
        if (files[i] == NULL || strcmp(files[i], "-") == 0) continue;
        rc = file_clear(files[i], note);
    }
    return rc == ERR_OK ? clear_rules(outputs->rules, note) : rc;
}

static enum err write_stream(FILE *stream, const struct buf *text, struct err_note *note)
{
    fflush(stdout);
    bool written = fwrite(buf_text(text), 1, text->length, stream) == text->length;
    if (written && fflush(stream) == 0) return ERR_OK;
    return err_note_set(note, ERR_IO, "standard output", 0, 0, "cannot be written");
}

static enum err write_text(const char *path, const struct buf *text, struct err_note *note)
{
    if (strcmp(path, "-") == 0) return write_stream(stdout, text, note);
    return file_write(path, buf_text(text), text->length, note);
}

typedef void write_report(struct buf *out, const struct suite *suite);

static enum err write_one(const char *path, write_report *write, const struct suite *suite,
                          struct err_note *note)
{
    if (path == NULL) return ERR_OK;
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    write(&text, suite);
    enum err rc = write_text(path, &text, note);
    buf_deinit(&text);
    return rc;
}

/* GitHub reads both streams. */
static enum err write_github(const struct report_outputs *outputs, const struct buf *text,
                             struct err_note *note)
{
    return write_stream(report_outputs_on_stdout(outputs) ? stderr : stdout, text, note);
}

static enum err write_annotations(const struct report_outputs *outputs, const struct suite *suite,
                                  struct err_note *note)
{
    if (!wants_github(outputs)) {
        return write_one(gitlab_file(outputs), report_write_gitlab, suite, note);
    }
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    report_write_github(&text, suite);
    enum err rc = write_github(outputs, &text, note);
    buf_deinit(&text);
    return rc;
}

static enum err write_rules(const char *folder, const struct suite *suite, struct err_note *note)
{
    char path[1024];
    if (folder == NULL) return ERR_OK;
    enum err rc = file_make_folder(folder, note);
    snprintf(path, sizeof path, "%s/rules.yml", folder);
    if (rc == ERR_OK) rc = write_one(path, report_write_rules, suite, note);
    snprintf(path, sizeof path, "%s/rules_test.yml", folder);
    if (rc == ERR_OK) rc = write_one(path, report_write_rules_test, suite, note);
    return rc;
}

enum err report_outputs_write(const struct report_outputs *outputs, const struct suite *suite,
                              struct err_note *note)
{
    enum err rc = write_one(outputs->html, report_write_html, suite, note);
    if (rc == ERR_OK) rc = write_one(outputs->junit, report_write_junit, suite, note);
    if (rc == ERR_OK) rc = write_one(outputs->summary, report_write_summary, suite, note);
    if (rc == ERR_OK) rc = write_one(outputs->openmetrics, report_write_openmetrics, suite, note);
    if (rc == ERR_OK) rc = write_rules(outputs->rules, suite, note);
    if (rc == ERR_OK) rc = write_annotations(outputs, suite, note);
    return rc;
}

typedef void write_troubles(struct buf *out, const struct troubles *troubles);

enum err report_outputs_troubles(const struct report_outputs *outputs,
                                 const struct troubles *troubles, struct err_note *note)
{
    const struct {
        const char *path;
        write_troubles *write;
    } rows[] = {
        { outputs->junit, report_troubles_junit },
        { outputs->summary, report_troubles_summary },
        { gitlab_file(outputs), report_troubles_gitlab },
    };
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    enum err rc = ERR_OK;
    for (size_t i = 0; rc == ERR_OK && i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].path == NULL) continue;
        buf_clear(&text);
        rows[i].write(&text, troubles);
        rc = write_text(rows[i].path, &text, note);
    }
    if (rc == ERR_OK && wants_github(outputs)) {
        buf_clear(&text);
        report_troubles_github(&text, troubles);
        rc = write_github(outputs, &text, note);
    }
    buf_deinit(&text);
    return rc;
}

int report_outputs_gate(const struct report_outputs *outputs, const struct suite *suite, int code,
                        FILE *errors)
{
    const struct coverage *coverage = &suite->coverage;
    uint32_t wanted_ppm = 0;
    if (outputs->require_coverage == NULL) return code;
    if (!units_parse_share(outputs->require_coverage, &wanted_ppm)) return code;
    if (coverage->reached * UINT64_C(1000000) >= coverage->count * (uint64_t)wanted_ppm &&
        coverage->count > 0) {
        return code;
    }
    fprintf(errors, "error: the runs reach %zu of %zu behaviours (%u.%u %%), %s are required;",
            coverage->reached, coverage->count, coverage_permille(coverage) / 10,
            coverage_permille(coverage) % 10, outputs->require_coverage);
    enum { NAMED_MAX = 8 };
    size_t named = 0;
    for (size_t i = 0; i < coverage->count && named < NAMED_MAX; i++) {
        if (coverage->items[i].count > 0) continue;
        fprintf(errors, "%s %s: %s", named++ == 0 ? " not reached:" : ",", coverage->items[i].group,
                coverage->items[i].name);
    }
    fputs(", ... (all of them: index.html)\n", errors);
    return code == 0 ? 1 : code;
}
