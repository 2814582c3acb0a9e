#include "sweep_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"
#include "scratch.h"

enum { FIXTURE_PATH_MAX = 256, FIXTURE_FILE_MAX = 64 * 1024 * 1024 };

void sweep_set_open(struct sweep_set *stage)
{
    memset(stage, 0, sizeof *stage);
    folder_make(stage->folder);
}

void sweep_set_write(struct sweep_set *stage, const char *name, const char *text)
{
    char path[FIXTURE_PATH_MAX];
    struct err_note note = { .err = ERR_OK };
    const char *slash = strrchr(name, '/');
    snprintf(path, sizeof path, "%s/%.*s", stage->folder,
             slash == NULL ? 0 : (int)(slash - name), name);
    assert_int_equal(ERR_OK, file_make_folder(path, &note));
    snprintf(path, sizeof path, "%s/%s", stage->folder, name);
    assert_int_equal(ERR_OK, file_write(path, text, strlen(text), &note));
}

char *sweep_set_read(const struct sweep_set *stage, const char *name)
{
    char path[FIXTURE_PATH_MAX];
    char *text = NULL;
    size_t length = 0;
    struct err_note note = { .err = ERR_OK };
    snprintf(path, sizeof path, "%s/%s", stage->folder, name);
    if (file_read(path, FIXTURE_FILE_MAX, &text, &length, &note) != ERR_OK) {
        fail_msg("%s: %s", path, note.sentence);
    }
    return text;
}

enum err sweep_set_load(struct sweep_set *stage, struct err_note *note)
{
    static const char configs[] = TOLLGATE_SOURCE_DIR "/configs";
    char path[FIXTURE_PATH_MAX];
    snprintf(path, sizeof path, "%s/sweep.yaml", stage->folder);
    enum err rc = sweep_spec_load(&stage->arena, path, configs, &stage->spec, note);
    if (rc != ERR_OK) return rc;
    rc = sweep_world_open(&stage->world, &stage->arena, &stage->spec, configs, stderr);
    stage->opened = true;
    sweep_store_init(&stage->store, &stage->world);
    return rc;
}

void sweep_set_run(struct sweep_set *stage, unsigned jobs)
{
    struct err_note note = { .err = ERR_OK };
    enum err rc = sweep_set_load(stage, &note);
    if (rc == ERR_OK) {
        sweep_init(&stage->sweep, &stage->world, &stage->store, jobs, NULL);
        rc = sweep_make_sample(&stage->sweep, &note);
    }
    if (rc == ERR_OK) rc = sweep_run(&stage->sweep, &note);
    if (rc != ERR_OK) fail_msg("%s:%d: %s", note.path, note.line, note.sentence);
}

void sweep_set_close(struct sweep_set *stage)
{
    sweep_deinit(&stage->sweep);
    if (stage->opened) {
        sweep_store_deinit(&stage->store);
        sweep_world_close(&stage->world);
    }
    arena_deinit(&stage->arena);
    folder_remove(stage->folder);
}
