#include "harness/report_troubles.h"

#include "base/file.h"
#include "harness/report_text.h"

static void put_place(struct buf *out, const struct err_note *note,
                      void (*put)(struct buf *out, const char *text))
{
    if (note->path[0] == '\0') return;
    put(out, note->path);
    if (note->line > 0) buf_printf(out, ":%d", note->line);
    if (note->line > 0 && note->column > 0) buf_printf(out, ":%d", note->column);
    buf_puts(out, ": ");
}

void report_troubles_junit(struct buf *out, const struct troubles *troubles)
{
    buf_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"tollgate\"");
    buf_printf(out, " tests=\"%zu\" errors=\"%zu\" skipped=\"0\" failures=\"0\" time=\"0.000\">\n",
               troubles->count, troubles->count);
    for (size_t i = 0; i < troubles->count; i++) {
        const struct err_note *note = &troubles->notes[i];
        buf_puts(out, "  <testcase classname=\"tollgate\" name=\"");
        report_text_escaped(out, note->path[0] == '\0' ? "command line" : note->path);
        buf_puts(out, "\" time=\"0.000\">\n    <error type=\"tollgate.not played\" message=\"");
        report_text_escaped(out, note->sentence);
        buf_puts(out, "\">");
        put_place(out, note, report_text_escaped);
        report_text_escaped(out, note->sentence);
        buf_puts(out, "</error>\n  </testcase>\n");
    }
    buf_puts(out, "</testsuite>\n");
}

void report_troubles_summary(struct buf *out, const struct troubles *troubles)
{
    buf_printf(out, "## tollgate ⛔ Nothing was played: %zu error%s to mend first.\n\n",
               troubles->count, troubles->count == 1 ? "" : "s");
    for (size_t i = 0; i < troubles->count; i++) {
        buf_puts(out, "- ");
        put_place(out, &troubles->notes[i], report_text_markdown);
        report_text_markdown(out, troubles->notes[i].sentence);
        buf_putc(out, '\n');
    }
}

enum err report_troubles_write(const char *folder, const struct troubles *troubles,
                               struct err_note *note)
{
    static const struct {
        const char *name;
        void (*write)(struct buf *out, const struct troubles *troubles);
    } files[] = {
        { "junit.xml", report_troubles_junit },
        { "summary.md", report_troubles_summary },
    };
    struct buf path;
    struct buf text;
    buf_init(&path, BUF_UNBOUNDED);
    buf_init(&text, BUF_UNBOUNDED);
    enum err rc = file_make_folder(folder, note);
    for (size_t i = 0; rc == ERR_OK && i < sizeof files / sizeof files[0]; i++) {
        buf_clear(&path);
        buf_clear(&text);
        buf_printf(&path, "%s/%s", folder, files[i].name);
        files[i].write(&text, troubles);
        rc = file_write(buf_text(&path), buf_text(&text), text.length, note);
    }
    buf_deinit(&text);
    buf_deinit(&path);
    return rc;
}
