#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <dirent.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"
#include "scenario/arrival.h"

#define FOLDER TOLLGATE_SOURCE_DIR "/scenarios/"

static void check_file(const char *name)
{
    struct arena arena = { .head = NULL };
    struct err_note note = { .err = ERR_OK };
    struct scenario scenario;
    struct schedule schedule;
    char path[512];
    char *text = NULL;
    size_t length = 0;
    snprintf(path, sizeof path, "%s%s", FOLDER, name);
    assert_int_equal(file_read(path, 1 << 20, &text, &length, &note), ERR_OK);
    if (strncmp(text, "# teaches ", 10) != 0) fail_msg("%s must begin with \"# teaches\"", name);
    mem_free(text);
    if (scenario_load(&arena, path, &scenario, &note) != ERR_OK) {
        fail_msg("%s:%d:%d: %s", name, note.line, note.column, note.sentence);
    }
    if (strlen(name) != strlen(scenario.name) + strlen(".yaml") ||
        strncmp(name, scenario.name, strlen(scenario.name)) != 0) {
        fail_msg("%s holds the scenario \"%s\"; file and name must agree", name, scenario.name);
    }
    assert_true(scenario.teaches[0] != '\0');
    if (scenario.tier == SCENARIO_TIER_GATE && scenario.duration_ns >= 60 * NS_PER_S) {
        fail_msg("%s takes a minute or more, in the tier that every change waits for", name);
    }
    schedule_create(&scenario, scenario.seed, &schedule);
    assert_true(schedule.count > 0);
    schedule_destroy(&schedule);
    arena_deinit(&arena);
}

static void catalogue_is_well_formed(void **state)
{
    (void)state;
    DIR *folder = opendir(FOLDER);
    assert_non_null(folder);
    size_t count = 0;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        size_t length = strlen(entry->d_name);
        if (length < 5 || strcmp(entry->d_name + length - 5, ".yaml") != 0) continue;
        check_file(entry->d_name);
        count++;
    }
    closedir(folder);
    assert_true(count >= 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(catalogue_is_well_formed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
