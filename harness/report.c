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

struct report_file {
    const char *name;
    void (*write)(struct buf *out, const struct suite *suite);
};

static const struct report_file files[] = {
    { "result.json", report_write_json },
    { "junit.xml", report_write_junit },
    { "summary.md", report_write_summary },
    { "index.html", report_write_html },
};

static enum err write_from(size_t first, const char *folder, const struct suite *suite,
                           struct err_note *note)
{
    enum err rc = file_make_folder(folder, note);
    for (size_t i = first; rc == ERR_OK && i < sizeof files / sizeof files[0]; i++) {
        rc = write_one(folder, files[i].name, suite, files[i].write, note);
    }
    return rc;
}

enum err report_clear(const char *folder, struct err_note *note)
{
    enum err rc = file_make_folder(folder, note);
    struct buf path;
    buf_init(&path, BUF_UNBOUNDED);
    for (size_t i = 0; rc == ERR_OK && i < sizeof files / sizeof files[0]; i++) {
        buf_clear(&path);
        buf_printf(&path, "%s/%s", folder, files[i].name);
        rc = file_clear(buf_text(&path), note);
    }
    buf_deinit(&path);
    return rc;
}

enum err report_write_all(const char *folder, const struct suite *suite, struct err_note *note)
{
    return write_from(0, folder, suite, note);
}

enum err report_write_rebuilt(const char *folder, const struct suite *suite, struct err_note *note)
{
    return write_from(1, folder, suite, note);
}
