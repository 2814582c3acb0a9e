#include "runtime/metrics_text.h"
#include "runtime/warmer_private.h"

bool warmer_is_ready(const struct warmer *warmer)
{
    return warmer->policy.ready;
}

static const char *state_name(const struct warmup_profile *profile)
{
    if (profile->warm) return "warm";
    return profile->proven ? "cooled" : "cold";
}

void warmer_write_status(const struct warmer *warmer, struct json *json)
{
    if (!warmer->config.enabled || warmer->policy.paused) return;
    json_key(json, "upstream");
    json_string(json, warmer->policy.reachable ? "reachable" : "unreachable");
    json_key(json, "models");
    json_open(json, '[');
    for (uint32_t i = 0; i < warmer->config.profiles; i++) {
        const struct warmup_profile *profile = &warmer->policy.profiles[i];
        const char *last = warmer->profiles[i].last;
        json_open(json, '{');
        json_key(json, "model");
        json_string(json, warmer->profiles[i].name);
        json_key(json, "state");
        json_string(json, state_name(profile));
        json_key(json, "failures");
        json_u64(json, profile->failures);
        json_key(json, "last");
        json_string(json, last[0] == '\0' ? NULL : last);
        json_close(json, '}');
    }
    json_close(json, ']');
}

/* A label's value may hold any text of the configuration. */
static void put_label(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') buf_putc(out, '\\');
        buf_putc(out, *text == '\n' ? ' ' : *text);
    }
}

void warmer_write_metrics(const struct warmer *warmer, struct buf *out)
{
    if (!warmer->config.enabled) return;
    metrics_text_head(out, "tsfm_warm", "gauge",
                      "1 when the latest news of a model was a success; of this process.");
    for (uint32_t i = 0; i < warmer->config.profiles; i++) {
        buf_puts(out, "tsfm_warm{model=\"");
        put_label(out, warmer->profiles[i].name);
        buf_puts(out, warmer->policy.profiles[i].warm ? "\"} 1\n" : "\"} 0\n");
    }
}
