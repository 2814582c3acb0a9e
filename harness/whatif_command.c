#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "harness/cli.h"
#include "harness/replay.h"
#include "harness/trace_line.h"
#include "harness/whatif.h"

enum { EXIT_INCOMPLETE = 3, EXIT_DIVERGED = 5 };

static double seconds(const struct recording *recording, instant_ns at)
{
    return (double)instant_until(at, recording->first) / 1e9;
}

/* A trace begins where the engine does: what the service decides before it (input rules, limits of
 * connections, rates and sizes) and what it makes of an answer's bytes is not in it, nor are the
 * names of families. */
static bool is_of_engine(const struct option *row)
{
    const size_t begin = offsetof(struct runtime_config, engine);
    const size_t end = begin + sizeof ((struct runtime_config *)0)->engine;
    const size_t families = offsetof(struct runtime_config, engine.cache.families);
    return row->offset >= begin && row->offset < end && row->offset != families;
}

static enum err check_reach(const char *set, const struct option *rows, size_t count,
                            struct err_note *note)
{
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(rows[i].key);
        bool named = strncmp(set, rows[i].key, length) == 0 && set[length] == '=';
        if (!named || is_of_engine(&rows[i])) continue;
        return err_note_set(note, ERR_INVALID, NULL, 0, 0,
                            "--set %s: a trace cannot tell what this would have changed, because "
                            "it holds what the engine decides, not what the service does with "
                            "requests and bytes around it; play a scenario with it instead, for "
                            "example with runtime.set: { %s: ... }",
                            set, rows[i].key);
    }
    return ERR_OK;
}

/* Each for itself first, so that the wrong one is named. */
static enum err check_changes(const struct trace_changes *changes, struct err_note *note)
{
    struct runtime_config *scratch = mem_alloc(1, sizeof *scratch);
    size_t count;
    const struct option *rows = config_rows(&count);
    enum err rc = ERR_OK;
    options_init(&scratch->options, rows, count, scratch);
    for (size_t i = 0; i < changes->count && rc == ERR_OK; i++) {
        rc = options_set(&scratch->options, scratch, changes->sets[i], "--set", note);
        if (rc == ERR_OK) rc = check_reach(changes->sets[i], rows, count, note);
    }
    mem_free(scratch);
    return rc;
}

/* "  breaker_cooldown_s: 15 -> 5" */
static void print_changes(const struct runtime_config *before, const struct runtime_config *after)
{
    struct buf old;
    struct buf new;
    size_t count;
    const struct option *rows = config_rows(&count);
    size_t changed = 0;
    buf_init(&old, BUF_UNBOUNDED);
    buf_init(&new, BUF_UNBOUNDED);
    for (size_t i = 0; i < count; i++) {
        buf_clear(&old);
        buf_clear(&new);
        if (rows[i].kind == OPTION_TEXT) continue; /* not in a trace */
        options_format_value(&before->options, before, i, &old);
        options_format_value(&after->options, after, i, &new);
        if (strcmp(buf_text(&old), buf_text(&new)) == 0) continue;
        printf("  %s: %s -> %s\n", rows[i].key, buf_text(&old), buf_text(&new));
        changed++;
    }
    if (changed == 0) puts("  no setting differs from the recorded ones");
    buf_deinit(&new);
    buf_deinit(&old);
}

static double percent(const struct recorded_figures *figures, enum served served)
{
    if (figures->answers == 0) return 0;
    return 100 * (double)figures->served[served] / (double)figures->answers;
}

static void print_share(const char *name, const struct recorded_figures *before,
                        const struct recorded_figures *after, enum served served)
{
    printf("  %-20s %10.2f %% %10.2f %%\n", name, percent(before, served),
           percent(after, served));
}

static void print_transitions(const char *name, const struct recording *recording,
                              const struct recorded_figures *figures)
{
    uint64_t count = u64_min(figures->transition_count, RECORDED_TRANSITIONS_MAX);
    printf("  breaker %s:", name);
    for (uint64_t i = 0; i < count; i++) {
        printf("%s %.3f s %s -> %s", i == 0 ? "" : ",",
               seconds(recording, figures->transitions[i].at),
               breaker_state_name(figures->transitions[i].from),
               breaker_state_name(figures->transitions[i].to));
    }
    if (count == 0) fputs(" stays as it is", stdout);
    if (count < figures->transition_count) {
        printf(", and %" PRIu64 " more", figures->transition_count - count);
    }
    putchar('\n');
}

static void print_table(struct recording *recording, struct recorded_figures *after)
{
    static const struct {
        const char *name;
        enum served served;
    } rows[] = {
        { "cache", SERVED_CACHE },       { "upstream", SERVED_UPSTREAM },
        { "stale", SERVED_STALE },       { "baseline", SERVED_BASELINE },
        { "error", SERVED_ERROR },       { "client left", SERVED_NOBODY },
    };
    struct recorded_figures *before = &recording->figures;
    printf("  %-20s %12s %12s\n", "", "recorded", "changed");
    printf("  %-20s %12" PRIu64 " %12" PRIu64 "\n", "answers", before->answers, after->answers);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        print_share(rows[i].name, before, after, rows[i].served);
    }
    printf("  %-20s %9.1f ms %9.1f ms\n", "p95", (double)recorded_p95_ns(before) / 1e6,
           (double)recorded_p95_ns(after) / 1e6);
    printf("  %-20s %12" PRIu64 " %12" PRIu64 "\n", "attempts", before->attempts, after->attempts);
    printf("  %-20s %12" PRIu64 " %12" PRIu64 "\n", "breaker transitions",
           before->transition_count, after->transition_count);
    print_transitions("recorded", recording, before);
    print_transitions("changed ", recording, after);
}

static instant_ns line_at(const char *text)
{
    struct trace_line line;
    instant_ns at = INSTANT_NEVER;
    if (text == NULL || !trace_line_parse(text, strlen(text), &line)) return INSTANT_NEVER;
    if (!trace_field_u64(trace_line_find(&line, "t"), &at)) return INSTANT_NEVER;
    return at;
}

/* When the changed engine first did something else: what it did itself, or did not do of what the
 * trace has, whichever comes first. */
static instant_ns divergence_at(const struct replay *replay)
{
    return instant_min(line_at(replay->expected), line_at(replay->got));
}

static void print_trust(const struct recording *recording, const struct whatif *whatif,
                        const struct replay *changed)
{
    instant_ns diverged = divergence_at(changed);
    if (diverged != INSTANT_NEVER) {
        printf("until %.3f s the engine decides the same\n", seconds(recording, diverged));
    }
    if (whatif->model_from == INSTANT_NEVER) {
        printf("a recording to its end: each of %" PRIu64
               " attempts was made in the trace, too\n",
               whatif->from_recording);
        return;
    }
    printf("a recording until %.3f s, from there on a model: %" PRIu64
           " attempts met what was recorded, %" PRIu64 " were answered by the model\n",
           seconds(recording, whatif->model_from), whatif->from_recording, whatif->from_model);
}

static int compare(const char *path, const char *text, size_t length,
                   const struct trace_changes *changes, const struct replay *recorded,
                   struct err_note *note)
{
    struct recording *recording = mem_alloc(1, sizeof *recording);
    struct trace_head *head = mem_alloc(1, sizeof *head);
    struct replay changed;
    int code = EXIT_BAD_USAGE;
    const char *newline = memchr(text, '\n', length);
    size_t head_length = newline == NULL ? length : (size_t)(newline - text);
    enum err rc = trace_head_read(path, text, head_length, head, note);
    if (rc == ERR_OK) rc = recording_read(path, text, length, changes, recording, note);
    if (rc == ERR_OK) {
        struct err_note ignored = { .err = ERR_OK };
        printf("%s: %zu requests in %.1f s, with\n", path, recording->request_count,
               seconds(recording, recording->last));
        print_changes(&head->config, &recording->head.config);
        rc = replay_text_changed(path, text, length, changes, &changed, &ignored);
        if (rc == ERR_OK && changed.identical) {
            puts("nothing would have been decided otherwise: a recording to its end");
            print_table(recording, &recording->figures);
        } else {
            struct whatif whatif;
            whatif_play(recording, &whatif);
            print_trust(recording, &whatif, &changed);
            print_table(recording, &whatif.figures);
            whatif_deinit(&whatif);
        }
        replay_deinit(&changed);
        code = recorded->end == REPLAY_WHOLE ? EXIT_OK : EXIT_INCOMPLETE;
    }
    recording_deinit(recording);
    mem_free(head);
    mem_free(recording);
    return code;
}

int whatif_command(const char *path, const char *text, size_t length,
                   const struct trace_changes *changes)
{
    struct err_note note = { .err = ERR_OK };
    struct replay recorded = { .identical = false };
    int code = EXIT_BAD_USAGE;
    enum err rc = check_changes(changes, &note);
    if (rc == ERR_OK) rc = replay_text(path, text, length, &recorded, &note);
    if (rc == ERR_OK && !recorded.identical) {
        struct buf sentence;
        buf_init(&sentence, BUF_UNBOUNDED);
        replay_sentence_write(&recorded, &sentence);
        printf("%s: with its own settings %s; what others would do cannot be told from it\n", path,
               buf_text(&sentence));
        buf_deinit(&sentence);
        code = EXIT_DIVERGED;
    } else if (rc == ERR_OK) {
        code = compare(path, text, length, changes, &recorded, &note);
        if (recorded.end != REPLAY_WHOLE && code == EXIT_INCOMPLETE) {
            puts("the trace has no end mark: what came after its last line is unknown");
        }
    }
    if (note.err != ERR_OK) err_note_print(stderr, &note);
    replay_deinit(&recorded);
    return code;
}
