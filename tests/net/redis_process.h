#ifndef TESTS_NET_REDIS_PROCESS_H
#define TESTS_NET_REDIS_PROCESS_H
/* A real redis-server on a free port of 127.0.0.1, without persistence, in a folder of its own. It
 * dies with the test. */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct redis_process {
    pid_t pid;       /* 0: not running */
    uint16_t port;   /* stays the same over a restart */
    char folder[64];
    const char *const *args; /* borrowed */
    const char *password;    /* borrowed; NULL: none */
};

/* `args`: more of redis-server's, NULL-terminated, or NULL; `password` NULL: none. Returns when it
 * answers. */
void redis_process_start(struct redis_process *process, const char *const args[],
                         const char *password);
/* SIGKILL. */
void redis_process_kill(struct redis_process *process);
/* Again on the same port, empty. */
void redis_process_restart(struct redis_process *process);
/* SIGSTOP: the kernel still takes its connections. */
void redis_process_pause(struct redis_process *process);
void redis_process_resume(struct redis_process *process);
/* Kills it when it runs, and removes its folder. */
void redis_process_end(struct redis_process *process);

/* Another client's view; each fails the test when Redis does not answer. */
void redis_process_set(const struct redis_process *process, const char *key, const void *value,
                       size_t length);
/* The value, its length in *length; NULL when there is none. Owned by the caller (mem_free). */
char *redis_process_get(const struct redis_process *process, const char *key, size_t *length);
/* Any command of words without spaces; a number answer as it is, a text one as its length, -1 for
 * nil. */
long long redis_process_ask(const struct redis_process *process, const char *command);
/* The only key there is, owned by the caller; fails the test when there are none or more. */
char *redis_process_only_key(const struct redis_process *process);

#endif
