#include "harness/report.h"

#include "base/file.h"

static enum err write_one(const char *folder, const char *name, const struct suite *suite,
                          void (*write)(struct buf *out, const struct suite *suite),
                          struct err_note *note)
{
    struct buf path;
    struct buf text;
    buf_init(&path, BUF_UNBOUNDED);
    buf_init(&text, BUF_UNBOUNDED);
    buf_printf(&path, "%s/%s", folder, name);
    write(&text, suite);
    enum err rc = file_write(buf_text(&path), buf_text(&text), text.length, note);
    buf_deinit(&text);
    buf_deinit(&path);
    return rc;
}

enum err report_write_all(const char *folder, const struct suite *suite, struct err_note *note)
{
    static const struct {
        const char *name;
        void (*write)(struct buf *out, const struct suite *suite);
    } files[] = {
        { "result.json", report_write_json },
        { "junit.xml", report_write_junit },
        { "summary.md", report_write_summary },
        { "index.html", report_write_html },
    };
    enum err rc = file_make_folder(folder, note);
    for (size_t i = 0; rc == ERR_OK && i < sizeof files / sizeof files[0]; i++) {
        rc = write_one(folder, files[i].name, suite, files[i].write, note);
    }
    return rc;
}
