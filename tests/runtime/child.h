#ifndef TESTS_RUNTIME_CHILD_H
#define TESTS_RUNTIME_CHILD_H
/* The program itself, as a child with its output in files. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct child {
    pid_t pid;
    char folder[64]; /* holds out, err and what the test puts there */
};

/* `args`: NULL-terminated, without the program's name. */
void child_start(struct child *child, const char *const args[]);
/* With at most so many file descriptors; 0: as many as we have. */
void child_start_limited(struct child *child, const char *const args[], unsigned descriptors);
/* Its exit code; 128 + signal when it was killed; fails the test when it does not end. */
int child_wait(struct child *child);
/* What it has written so far. Owned by the caller (mem_free). */
char *child_out(const struct child *child);
char *child_err(const struct child *child);
/* The port of its ready line; fails the test when none comes. */
uint16_t child_port(const struct child *child);
/* Removes the folder; kills the program when it still runs. */
void child_clean(struct child *child);

#endif
