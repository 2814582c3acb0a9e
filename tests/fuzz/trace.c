/* A runtime's trace, replayed. An input that does not begin with a head gets one, so that its lines
 * meet an engine. */

#include <string.h>

#include "base/mem.h"
#include "fuzz.h"
#include "harness/replay.h"

/* Small, so that many engines are made in a second. */
static void write_head(struct buf *out)
{
    static struct runtime_config config;
    static const char *const sets[] = { "max_inflight=8", "max_connections=2",
                                        "max_keepalive_connections=2", "cache_entries_max=4",
                                        "pool_queue_max=2", "breaker_min_volume=2",
                                        "breaker_failures_30s=2",
                                        "negative_cache_entries_max=4", "seed=7" };
    struct err_note note = { .err = ERR_OK };
    const struct config_source source = { .sets = sets,
                                          .set_count = sizeof sets / sizeof sets[0] };
    enum err rc = config_load(&config, &source, &note);
    assert(rc == ERR_OK);
    trace_head_write(out, "fuzz", "1", 0, &config);
}

static const struct buf *made_head(void)
{
    static struct buf head;
    if (head.length == 0) {
        buf_init(&head, BUF_UNBOUNDED);
        write_head(&head);
    }
    return &head;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char head[] = "{\"trace\"";
    struct replay replay;
    struct err_note note = { .err = ERR_OK };
    struct buf text;
    buf_init(&text, BUF_UNBOUNDED);
    if (size < strlen(head) || memcmp(data, head, strlen(head)) != 0) {
        buf_put(&text, made_head()->data, made_head()->length);
    }
    buf_put(&text, data, size);
    char *exact = mem_copy(buf_text(&text), text.length);
    if (replay_text("fuzz", exact, text.length, &replay, &note) != ERR_OK) {
        assert(note.line >= 1 && note.sentence[0] != '\0');
    } else {
        assert(replay.identical || (replay.line >= 1 && replay.sentence[0] != '\0'));
    }
    replay_deinit(&replay);
    mem_free(exact);
    buf_deinit(&text);
    return 0;
}
