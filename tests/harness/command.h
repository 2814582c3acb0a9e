#ifndef TESTS_HARNESS_COMMAND_H
#define TESTS_HARNESS_COMMAND_H
/* Runs the built `tollgate` as a person would: arguments in, exit code and text out. */

#include <stddef.h>
#include <sys/types.h>

struct command {
    pid_t pid;
    int out; /* read end of its standard output and error, together */
    char text[65536];
    size_t length;
};

/* Starts build/bin/tollgate in the source folder with these arguments (NULL-terminated, without
 * argv[0]). */
void command_start(struct command *command, const char *const *arguments);
/* Starts `tollgate run` of one scenario with the project's configurations; its report goes to
 * `out`. `programs`: the folder of the programs it starts, NULL: its own. */
void command_start_run(struct command *command, const char *world, const char *out,
                       const char *scenario, const char *programs);
/* Reads until its text contains `wanted` or it ends; at most 30 s. Returns whether it was seen. */
int command_wait_text(struct command *command, const char *wanted);
/* Reads to the end and waits; its exit code, or 256 + the signal that ended it. */
int command_finish(struct command *command);
/* All of it. */
int command_run(struct command *command, const char *const *arguments);

enum { COMMAND_CHILDREN_MAX = 32 };

/* Its children whose program name is `name`; returns how many. */
size_t command_children(const struct command *command, const char *name,
                        pid_t out[COMMAND_CHILDREN_MAX]);
/* Its text holds `text`, or does not; the test fails otherwise and shows the text. */
void assert_says(const struct command *command, const char *text);
void assert_does_not_say(const struct command *command, const char *text);

/* Polls until the process is gone (or a zombie), at most `limit_ms`. */
int process_gone(pid_t pid, int limit_ms);

#endif
