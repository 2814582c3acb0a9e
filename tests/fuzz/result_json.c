/* result.json, as `tollgate report` and `tollgate diff` read it. What is let through can be made
 * into every report, and what is written of it reads back the same. */

#include <string.h>

#include "base/mem.h"
#include "fuzz.h"
#include "harness/report.h"
#include "harness/result_read.h"

static void write_others(const struct suite *suite)
{
    struct buf out;
    buf_init(&out, BUF_UNBOUNDED);
    report_write_junit(&out, suite);
    report_write_summary(&out, suite);
    report_write_html(&out, suite);
    buf_deinit(&out);
}

static void read_again(const struct suite *suite)
{
    struct buf first;
    struct buf second;
    buf_init(&first, BUF_UNBOUNDED);
    buf_init(&second, BUF_UNBOUNDED);
    report_write_json(&first, suite);
    struct suite copy;
    struct arena arena = { .head = NULL };
    struct err_note note = { .err = ERR_OK };
    enum err rc = result_read("copy", buf_text(&first), first.length, &arena, &copy, &note);
    assert(rc == ERR_OK);
    report_write_json(&second, &copy);
    assert(strcmp(buf_text(&first), buf_text(&second)) == 0);
    suite_deinit(&copy);
    arena_deinit(&arena);
    buf_deinit(&second);
    buf_deinit(&first);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct suite suite;
    struct arena arena = { .head = NULL };
    struct err_note note = { .err = ERR_OK };
    enum err rc = result_read("fuzz", (const char *)data, size, &arena, &suite, &note);
    if (rc == ERR_OK) {
        write_others(&suite);
        read_again(&suite);
    } else {
        assert(note.sentence[0] != '\0');
    }
    suite_deinit(&suite);
    arena_deinit(&arena);
    return 0;
}
