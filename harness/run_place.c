#include "harness/run_place.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"

void run_name(struct run_place *place, const char *out, uint64_t started_wall_ms)
{
    time_t seconds = (time_t)(started_wall_ms / 1000);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    strftime(place->name, sizeof place->name, "%Y%m%d-%H%M%S", &utc);
    place->is_latest = out == NULL;
    if (out != NULL) {
        snprintf(place->folder, sizeof place->folder, "%s", out);
        return;
    }
    snprintf(place->folder, sizeof place->folder, "reports/%s", place->name);
    /* Two runs that start in one second get two folders. */
    for (unsigned i = 2; file_exists(place->folder) && i < 1000; i++) {
        snprintf(place->folder, sizeof place->folder, "reports/%s-%u", place->name, i);
    }
}

void run_link_latest(const struct run_place *place)
{
    if (!place->is_latest) return;
    char temporary[64];
    snprintf(temporary, sizeof temporary, "reports/.latest-%ld", (long)getpid());
    const char *target = strrchr(place->folder, '/') + 1;
    unlink(temporary);
    if (symlink(target, temporary) != 0 || rename(temporary, "reports/latest") != 0) {
        fputs("warning: reports/latest could not be linked\n", stderr);
    }
}

enum err run_find_programs(struct run_place *place, const char *programs, struct err_note *note)
{
    if (programs != NULL) {
        snprintf(place->programs, sizeof place->programs, "%s", programs);
    } else {
        ssize_t length = readlink("/proc/self/exe", place->programs, sizeof place->programs - 1);
        if (length <= 0) {
            return err_note_set(note, ERR_NOT_FOUND, NULL, 0, 0,
                                "cannot tell where this program is; name its folder: --programs");
        }
        place->programs[length] = '\0';
        *strrchr(place->programs, '/') = '\0';
    }
    static const char *const needed[] = { "tollgate-runtime", "mock-tollama" };
    for (size_t i = place->mock_alone ? 1 : 0; i < sizeof needed / sizeof needed[0]; i++) {
        char path[RUN_PATH_MAX + 32];
        snprintf(path, sizeof path, "%s/%s", place->programs, needed[i]);
        if (file_exists(path)) continue;
        return err_note_set(note, ERR_NOT_FOUND, NULL, 0, 0,
                            "%s is not there; build it, or name its folder with --programs", path);
    }
    return ERR_OK;
}
