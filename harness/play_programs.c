#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/mem.h"
#include "harness/play_private.h"

/* As many as a scenario has settings, each as long as it is. */
struct arguments {
    char **items; /* owned; NULL-terminated */
    size_t count;
    struct arena arena; /* of their texts */
};

static void argument_add(struct arguments *arguments, char *text)
{
    arguments->items =
        mem_resize(arguments->items, arguments->count + 2, sizeof *arguments->items);
    arguments->items[arguments->count++] = text;
    arguments->items[arguments->count] = NULL;
}

/* "--name" and its value. */
static void argument_pair(struct arguments *arguments, const char *name, const char *value)
{
    argument_add(arguments, arena_printf(&arguments->arena, "%s", name));
    argument_add(arguments, arena_printf(&arguments->arena, "%s", value));
}

static void arguments_deinit(struct arguments *arguments)
{
    mem_free(arguments->items);
    arena_deinit(&arguments->arena);
}

/* What both of our programs are told. */
static void argument_common(struct arguments *arguments, const struct play *play,
                            const char *listen)
{
    struct arena *arena = &arguments->arena;
    argument_pair(arguments, "--seed",
                  arena_printf(arena, "%llu", (unsigned long long)play->run->seed));
    argument_pair(arguments, "--listen", listen);
    argument_pair(arguments, "--parent", arena_printf(arena, "%ld", (long)getpid()));
}

static void play_start_child(struct play *play, struct child *child, struct arguments *arguments)
{
    struct arena *arena = &arguments->arena;
    struct err_note note = { .err = ERR_OK };
    const char *log = arena_printf(arena, "%s/%s.log", play->config.folder, child->name);
    if (child_start(child, play->loop, arguments->items, log, &note) != ERR_OK) {
        play_abort(play, note.sentence);
    }
    arguments_deinit(arguments);
}

/* The service that is judged instead: started when there is a command for that. */
void play_start_target(struct play *play)
{
    const struct target_options *target = play->config.target;
    uint16_t port = target->url == NULL ? target_free_port() : 0;
    if (target->url != NULL) {
        snprintf(play->service_url, sizeof play->service_url, "%s", target->url);
    } else {
        snprintf(play->service_url, sizeof play->service_url, "http://127.0.0.1:%u", port);
    }
    /* "/" at its end would be doubled by the paths behind it. */
    size_t length = strlen(play->service_url);
    while (length > 0 && play->service_url[length - 1] == '/') play->service_url[--length] = '\0';
    if (target->command != NULL) {
        struct arguments arguments = { .count = 0 };
        argument_add(&arguments, arena_printf(&arguments.arena, "/bin/sh"));
        const char *command =
            target_command(&arguments.arena, target->command, play->mock.url, port);
        argument_pair(&arguments, "-c", command);
        play_start_child(play, &play->runtime, &arguments);
    }
    if (play->state == PLAY_STARTING_RUNTIME) play_enter(play, PLAY_WAITING_READY);
}

void play_start_runtime(struct play *play)
{
    struct arguments arguments = { .count = 0 };
    struct arena *arena = &arguments.arena;
    argument_add(&arguments, arena_printf(arena, "%s/tollgate-runtime", play->config.programs));
    argument_pair(&arguments, "--config", play->config.config_path);
    argument_pair(&arguments, "--upstream", play->mock.url);
    argument_pair(&arguments, "--trace",
                  arena_printf(arena, "%s/trace.jsonl", play->config.folder));
    const struct scenario *scenario = play->run->scenario;
    for (size_t i = 0; i < scenario->setting_count; i++) {
        argument_pair(&arguments, "--set", scenario->settings[i].assignment);
    }
    if (play->redis.ready) {
        argument_pair(&arguments, "--set",
                      arena_printf(arena, "redis_url=redis://127.0.0.1:%u",
                                   (unsigned)play->redis.port));
    }
    argument_common(&arguments, play, "127.0.0.1:0");
    play_start_child(play, &play->runtime, &arguments);
}

void play_start_mock(struct play *play)
{
    struct arguments arguments = { .count = 0 };
    struct arena *arena = &arguments.arena;
    argument_add(&arguments, arena_printf(arena, "%s/mock-tollama", play->config.programs));
    argument_pair(&arguments, "--scenario", play->run->scenario->path);
    /* Else a fault at connect would keep the harness from telling it when the run begins. */
    argument_add(&arguments, "--hold");
    argument_pair(&arguments, "--ledger",
                  arena_printf(arena, "%s/ledger.jsonl", play->config.folder));
    argument_add(&arguments, "--ledger-end");
    const struct target_options *target = play->config.target;
    bool placed = target != NULL && target->mock_listen != NULL;
    argument_common(&arguments, play, placed ? target->mock_listen : "127.0.0.1:0");
    play_start_child(play, &play->mock, &arguments);
}
