#include "worlds_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"

enum { GUARD_MS = 60000 };

void worlds_open(struct worlds *worlds, const char *folder, const char *name, const char *yaml)
{
    struct err_note note = { .err = ERR_OK };
    worlds->played = false;
    snprintf(worlds->folder, sizeof worlds->folder, "%.200s/%.40s", folder, name);
    snprintf(worlds->path, sizeof worlds->path, "%s/scenario.yaml", worlds->folder);
    assert_int_equal(file_make_folder(worlds->folder, &note), ERR_OK);
    FILE *file = fopen(worlds->path, "w");
    assert_non_null(file);
    assert_true(fputs(yaml, file) >= 0);
    assert_int_equal(fclose(file), 0);
    stage_open(&worlds->stage, yaml, NULL);
    worlds->stage.scenario.path = worlds->path;
    stage_simulate(&worlds->stage);
}

static void on_done(void *context)
{
    (void)context; /* the state is looked at */
}

static void on_guard(uv_timer_t *timer)
{
    (void)timer; /* it is not active any more, which is looked at */
}

static void start(struct worlds *worlds, uv_loop_t *loop)
{
    const struct stage *stage = &worlds->stage;
    struct play_config config = {
        .programs = TOLLGATE_BINARY_DIR "/bin",
        .config_path = TOLLGATE_SOURCE_DIR "/configs/prod.yaml",
        .folder = worlds->folder,
        .on_done = on_done,
    };
    if (worlds->played) run_deinit(&worlds->real);
    worlds->played = true;
    run_init(&worlds->real, WORLD_REAL, &stage->scenario, &stage->schedule, &stage->config,
             stage->scenario.seed);
    play_start(&worlds->play, loop, &config, &worlds->real);
}

static bool all_done(struct worlds *const *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (items[i]->play.state != PLAY_DONE) return false;
    }
    return true;
}

void worlds_play(struct worlds *const *items, size_t count)
{
    uv_loop_t loop;
    uv_timer_t guard;
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(uv_timer_init(&loop, &guard), 0);
    for (size_t i = 0; i < count; i++)
        start(items[i], &loop);
    uv_timer_start(&guard, on_guard, GUARD_MS, 0);
    while (!all_done(items, count)) {
        assert_true(uv_is_active((uv_handle_t *)&guard)); /* each bounds itself; this is ours */
        uv_run(&loop, UV_RUN_ONCE);
    }
    for (size_t i = 0; i < count; i++) play_join(&items[i]->play);
    uv_close((uv_handle_t *)&guard, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

void worlds_close(struct worlds *worlds)
{
    if (worlds->played) run_deinit(&worlds->real);
    stage_close(&worlds->stage);
}
