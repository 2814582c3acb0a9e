/* A line of the ledger as text. One is written per attempt: it is put together from constants. */
#include "base/json.h"
#include "mock/ledger.h"

static void put_i64(struct buf *out, int64_t value)
{
    if (value < 0) buf_putc(out, '-');
    buf_put_u64(out, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

static void put_number(struct buf *out, const char *key, uint64_t value)
{
    buf_puts(out, key);
    if (value == LEDGER_NONE)
        buf_puts(out, "null");
    else
        buf_put_u64(out, value);
}

/* What comes from outside, escaped. */
static void put_text(struct buf *out, const char *key, const char *text)
{
    struct json json;
    buf_puts(out, key);
    json_init(&json, out);
    json_string(&json, text);
}

static void put_name(struct buf *out, const char *key, const char *name)
{
    buf_puts(out, key);
    buf_putc(out, '"');
    buf_puts(out, name);
    buf_putc(out, '"');
}

static void put_rules(struct buf *out, const struct reply_plan *plan)
{
    struct buf rules;
    if (plan->fired == 0) {
        buf_puts(out, ",\"rules\":\"\",\"fired\":0,\"drawn_ppm\":[]");
        return;
    }
    buf_init(&rules, BUF_UNBOUNDED);
    plan_rules_write(&rules, plan);
    put_text(out, ",\"rules\":", buf_text(&rules));
    buf_deinit(&rules);
    put_number(out, ",\"fired\":", plan->fired);
    buf_puts(out, ",\"drawn_ppm\":[");
    bool first = true;
    for (unsigned i = 0; i < PLAN_RULES_MAX; i++) {
        if ((plan->fired >> i & 1) == 0) continue;
        put_number(out, first ? "" : ",", plan->drawn_ppm[i]);
        first = false;
    }
    buf_putc(out, ']');
}

static void put_sent(struct buf *out, const struct ledger_entry *entry)
{
    put_number(out, ",\"asked_ns\":", entry->asked_ns);
    put_number(out, ",\"wait_ns\":", entry->plan->wait_ns);
    put_number(out, ",\"late_ns\":", entry->late_ns);
    put_number(out, ",\"late_max_ns\":", entry->late_max_ns);
    put_number(out, ",\"first_ns\":", entry->first_ns);
    put_number(out, ",\"last_ns\":", entry->last_ns);
    put_number(out, ",\"head_bytes\":", entry->head_bytes);
    put_number(out, ",\"body_bytes\":", entry->body_bytes);
    put_number(out, ",\"other_bytes\":", entry->other_bytes);
}

void ledger_line_write(struct buf *out, const struct ledger_entry *entry, uint64_t seq)
{
    const struct reply_plan *plan = entry->plan;
    put_number(out, "{\"seq\":", seq);
    put_text(out, ",\"id\":", entry->id);
    put_number(out, ",\"attempt\":", entry->attempt);
    buf_puts(out, ",\"at_ns\":");
    put_i64(out, entry->at_ns);
    put_text(out, ",\"path\":", entry->path);
    put_text(out, ",\"phase\":", plan->phase != NULL ? plan->phase->name : NULL);
    put_rules(out, plan);
    put_number(out, ",\"status\":", entry->status);
    put_name(out, ",\"answer\":", answer_fault_name(entry->answer));
    put_name(out, ",\"malformed\":", plan_malform_name(plan->malform));
    put_sent(out, entry);
    if (entry->upstream != NULL) {
        put_name(out, ",\"upstream\":", entry->upstream);
        put_number(out, ",\"upstream_ns\":", entry->upstream_ns);
    }
    put_name(out, ",\"end\":", ledger_end_name(entry->end));
    buf_puts(out, "}\n");
}
