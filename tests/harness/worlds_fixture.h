#ifndef TESTS_HARNESS_WORLDS_FIXTURE_H
#define TESTS_HARNESS_WORLDS_FIXTURE_H
/* A scenario in both worlds: simulated, and played over sockets by the built programs. */

#include "harness/play.h"
#include "judge_fixture.h"

enum { WORLDS_FOLDER_BYTES = 256 };

struct worlds {
    struct stage stage; /* its run is the simulated one */
    struct run real;
    bool played;
    struct play play;
    char folder[WORLDS_FOLDER_BYTES];
    char path[WORLDS_FOLDER_BYTES + 32];
};

/* Parses, writes the file that the mock reads into folder/name, and simulates. */
void worlds_open(struct worlds *worlds, const char *folder, const char *name, const char *yaml);
/* Plays `count` of them side by side, and again when that was done before. */
void worlds_play(struct worlds *const *items, size_t count);
void worlds_close(struct worlds *worlds);

#endif
