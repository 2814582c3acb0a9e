#include "harness/replay.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "core/engine_trace.h"
#include "harness/replay_input.h"

/* A line without its newline. */
struct text {
    const char *at;
    size_t length;
};

struct player {
    const char *path;
    struct replay *out;
    const struct trace_changes *changes; /* borrowed; NULL: the recorded settings */
    struct err_note *note;
    struct trace_head *head; /* owned: the engine borrows its configuration */
    struct engine *engine;   /* owned */
    struct replay_call *calls; /* owned; by id */
    instant_ns now;
    int line;                /* of `text` */
    struct text text;
    uint64_t lines;          /* behind the head, without the mark */
    bool over;               /* an end mark was read, or it has diverged */
    struct buf action[ENGINE_ACTIONS_MAX]; /* owned: what the engine did in the latest step, */
    uint32_t action_count;
    uint32_t action_at;      /* and how many of it the trace has had */
    struct buf again;        /* owned: an input written again */
    struct text before[REPLAY_BEFORE_MAX]; /* a ring */
    int before_line[REPLAY_BEFORE_MAX];
};

static enum err bad_line(struct player *player, const char *reason)
{
    return err_note_set(player->note, ERR_SYNTAX, player->path, player->line, 0,
                        "this is no line of a trace: %s", reason);
}

static char *copy_text(struct text text)
{
    char *copy = mem_alloc(text.length + 1, 1);
    memcpy(copy, text.at, text.length);
    return copy;
}

/* `expected` and `got` may be NULL: nothing there. */
static void diverge(struct player *player, const char *sentence, const struct text *expected,
                    const struct buf *got)
{
    struct replay *out = player->out;
    out->identical = false;
    out->line = player->line;
    snprintf(out->sentence, sizeof out->sentence, "%s", sentence);
    if (expected != NULL) out->expected = copy_text(*expected);
    if (got != NULL) out->got = copy_text((struct text){ got->data, got->length - 1 });
    uint64_t kept = u64_min(out->inputs, REPLAY_BEFORE_MAX);
    for (uint64_t i = 0; i < kept; i++) {
        size_t at = (size_t)((out->inputs - kept + i) % REPLAY_BEFORE_MAX);
        out->before[i] = copy_text(player->before[at]);
        out->before_line[i] = player->before_line[at];
    }
    out->before_count = (uint32_t)kept;
    player->over = true;
}

/* Nothing of the latest step is missing in the trace; else it has diverged. */
static bool actions_are_had(struct player *player, const struct text *expected)
{
    if (player->action_at == player->action_count) return true;
    diverge(player, "the replayed engine does something that the trace does not have", expected,
            &player->action[player->action_at]);
    return false;
}

/* Input lines that may have been the last before a divergence. */
static void remember(struct player *player)
{
    size_t at = (size_t)(player->out->inputs++ % REPLAY_BEFORE_MAX);
    player->before[at] = player->text;
    player->before_line[at] = player->line;
}

static void step(struct player *player, const struct engine_input *input)
{
    struct replay_call *calls = player->calls;
    if (input->kind != ENGINE_TIMER) replay_call_on_input(&calls[input->call], input);
    remember(player);
    const struct engine_actions *actions = engine_step(player->engine, input, player->now);
    player->action_count = actions->count;
    player->action_at = 0;
    for (uint32_t i = 0; i < actions->count; i++) {
        const struct engine_action *action = &actions->items[i];
        bool of_a_call = action->kind != ENGINE_DROP && action->kind != ENGINE_BREAKER;
        if (of_a_call) replay_call_on_action(&calls[action->call], action);
        buf_clear(&player->action[i]);
        engine_trace_action(&player->action[i], player->engine, action, player->now);
    }
}

/* Whether an engine that was made as `made` can take these settings (engine_reconfigure). */
static bool can_become(const struct engine_config *made, const struct engine_config *config)
{
    return config->seed == made->seed && config->calls_max <= made->calls_max &&
           config->cache.entries_max <= made->cache.entries_max &&
           config->l2_enabled == made->l2_enabled &&
           config->single_flight == made->single_flight &&
           config->cache.families == made->cache.families &&
           config->negative_entries_max == made->negative_entries_max;
}

static enum err on_reload(struct player *player, const struct trace_line *line)
{
    struct runtime_config *config = mem_alloc(1, sizeof *config);
    struct err_note inner = { .err = ERR_OK };
    instant_ns now = 0;
    enum err rc = ERR_OK;
    if (trace_reload_read(player->text.at, player->text.length, player->changes, config,
                                  &inner) != ERR_OK) {
        rc = bad_line(player, inner.sentence);
    } else if (!trace_field_u64(trace_line_find(line, "t"), &now) ||
               now < player->now || now == INSTANT_NEVER) {
        rc = bad_line(player, "its time goes back");
    } else if (!can_become(&player->head->config.engine, &config->engine)) {
        rc = bad_line(player, "no running engine can take these settings");
    } else {
        player->now = now;
        remember(player);
        engine_reconfigure(player->engine, &config->engine, now);
    }
    mem_free(config);
    return rc;
}

static enum err on_input(struct player *player, const struct trace_line *line)
{
    if (!actions_are_had(player, &player->text)) return ERR_OK;
    if (trace_field_is(trace_line_find(line, "in"), "reload")) return on_reload(player, line);
    struct engine_input input;
    instant_ns now = 0;
    const char *reason = "";
    if (!replay_input_parse(line, &input, &now, &reason)) return bad_line(player, reason);
    buf_clear(&player->again);
    engine_trace_input(&player->again, &input, now);
    if (player->again.length != player->text.length + 1 ||
        memcmp(player->again.data, player->text.at, player->text.length) != 0) {
        return bad_line(player, "it says something that this program does not understand");
    }
    if (now < player->now || now == INSTANT_NEVER) return bad_line(player, "its time goes back");
    if (input.kind != ENGINE_TIMER && input.call >= player->head->config.engine.calls_max) {
        return bad_line(player, "its \"call\" is over max_inflight");
    }
    const char *misfit = replay_input_misfit(&player->calls[input.call], &input);
    if (misfit != NULL) {
        char sentence[REPLAY_SENTENCE_MAX];
        snprintf(sentence, sizeof sentence, "the trace goes on with %s", misfit);
        diverge(player, sentence, &player->text, NULL);
        return ERR_OK;
    }
    player->now = now;
    step(player, &input);
    return ERR_OK;
}

static void on_action(struct player *player)
{
    if (player->action_at == player->action_count) {
        diverge(player, "the replayed engine does not do this", &player->text, NULL);
        return;
    }
    const struct buf *got = &player->action[player->action_at];
    if (got->length != player->text.length + 1 ||
        memcmp(got->data, player->text.at, player->text.length) != 0) {
        diverge(player, "the replayed engine does something else", &player->text, got);
        return;
    }
    player->action_at++;
    player->out->actions++;
}

static enum err on_end(struct player *player, const struct trace_line *line)
{
    uint64_t lines = 0;
    if (!trace_field_u64(trace_line_find(line, "lines"), &lines)) {
        return bad_line(player, "an end mark without \"lines\"");
    }
    player->out->end = REPLAY_WHOLE;
    if (!actions_are_had(player, NULL)) return ERR_OK;
    if (lines != player->lines) {
        char sentence[REPLAY_SENTENCE_MAX];
        snprintf(sentence, sizeof sentence,
                 "the trace had %" PRIu64 " lines when it was written, and now has %" PRIu64, lines,
                 player->lines);
        diverge(player, sentence, &player->text, NULL);
    }
    player->over = true;
    return ERR_OK;
}

static enum err on_line(struct player *player)
{
    struct trace_line line;
    if (!trace_line_parse(player->text.at, player->text.length, &line)) {
        return bad_line(player, "not one JSON object on a line");
    }
    if (trace_line_find(&line, "end") != NULL) return on_end(player, &line);
    if (trace_line_find(&line, "truncated") != NULL) {
        player->out->end = REPLAY_TRUNCATED;
        player->over = true;
        return ERR_OK;
    }
    player->lines++;
    if (trace_line_find(&line, "in") != NULL) return on_input(player, &line);
    if (trace_line_find(&line, "do") == NULL) {
        return bad_line(player, "neither \"in\" nor \"do\"");
    }
    on_action(player);
    return ERR_OK;
}

static enum err play(struct player *player, const char *text, size_t length)
{
    const char *end = text + length;
    const char *at = text;
    enum err rc = ERR_OK;
    while (rc == ERR_OK && at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        if (newline == NULL) break; /* cut short */
        player->line++;
        player->text = (struct text){ at, (size_t)(newline - at) };
        at = newline + 1;
        if (player->over) {
            return player->out->identical ? bad_line(player, "it stands behind the end mark")
                                          : ERR_OK;
        }
        rc = on_line(player);
    }
    return rc;
}

static void player_open(struct player *player)
{
    const struct engine_config *config = &player->head->config.engine;
    player->engine = engine_create(config);
    player->calls = mem_alloc(config->calls_max, sizeof *player->calls);
    buf_init(&player->again, BUF_UNBOUNDED);
    for (size_t i = 0; i < ENGINE_ACTIONS_MAX; i++) buf_init(&player->action[i], BUF_UNBOUNDED);
}

static void player_close(struct player *player)
{
    for (size_t i = 0; i < ENGINE_ACTIONS_MAX; i++) buf_deinit(&player->action[i]);
    buf_deinit(&player->again);
    mem_free(player->calls);
    engine_destroy(player->engine);
}

enum err replay_text(const char *path, const char *text, size_t length, struct replay *out,
                     struct err_note *note)
{
    return replay_text_changed(path, text, length, NULL, out, note);
}

enum err replay_text_changed(const char *path, const char *text, size_t length,
                             const struct trace_changes *changes, struct replay *out,
                             struct err_note *note)
{
    *out = (struct replay){ .end = REPLAY_CUT, .identical = true };
    const char *newline = length == 0 ? NULL : memchr(text, '\n', length);
    size_t head_length = newline == NULL ? length : (size_t)(newline - text);
    struct player player = { .path = path, .out = out, .note = note, .line = 1,
                             .changes = changes };
    player.head = mem_alloc(1, sizeof *player.head);
    enum err rc = trace_head_read_changed(path, text, head_length, changes, player.head, note);
    if (rc == ERR_OK) {
        memcpy(out->program, player.head->program, sizeof out->program);
        memcpy(out->version, player.head->version, sizeof out->version);
        player_open(&player);
        size_t skipped = newline == NULL ? length : head_length + 1;
        rc = play(&player, text + skipped, length - skipped);
        player_close(&player);
    }
    mem_free(player.head);
    return rc;
}
