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
    if (outputs->baseline == NULL) return ERR_OK;
    return result_load(outputs->baseline, arena, baseline, note);
}

bool report_outputs_any(const struct report_outputs *outputs)
{
    return outputs->html != NULL || outputs->junit != NULL || outputs->summary != NULL ||
           outputs->openmetrics != NULL || outputs->rules != NULL || outputs->annotations != NULL;
}

typedef void write_report(struct buf *out, const struct suite *suite);

static enum err write_one(const char *path, write_report *write, const struct suite *suite,
                          struct err_note *note)
{
    if (path == NULL) return ERR_OK;
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    write(&text, suite);
    enum err rc = ERR_OK;
    if (strcmp(path, "-") == 0) {
        fflush(stdout);
        if (fwrite(buf_text(&text), 1, text.length, stdout) != text.length || fflush(stdout) != 0)
            rc = err_note_set(note, ERR_IO, "standard output", 0, 0, "cannot be written");
    } else {
        rc = file_write(path, buf_text(&text), text.length, note);
    }
    buf_deinit(&text);
    return rc;
}

static enum err write_annotations(const char *where, const struct suite *suite,
                                  struct err_note *note)
{
    const char *inside = getenv("GITHUB_ACTIONS");
    if (where == NULL && inside != NULL && strcmp(inside, "true") == 0) where = "github";
    if (where == NULL) return ERR_OK;
    if (strcmp(where, "github") == 0) return write_one("-", report_write_github, suite, note);
    if (strcmp(where, "none") == 0) return ERR_OK;
    return write_one(where + strlen(gitlab), report_write_gitlab, suite, note);
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
    if (rc == ERR_OK) rc = write_annotations(outputs->annotations, suite, note);
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
