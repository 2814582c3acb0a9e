#include "config/config.h"

#include <inttypes.h>
#include <stddef.h>

#include "base/json.h"
#include "base/units.h"
#include "config/redis_url.h"

static void write_bounds(struct buf *out, const struct option *row)
{
    char least[UNITS_TEXT_MAX];
    char most[UNITS_TEXT_MAX];
    switch (row->kind) {
    case OPTION_SECONDS:
    case OPTION_MILLIS:
        buf_printf(out, "%s to %s", units_format_duration(row->min, least),
                   units_format_duration(row->max, most));
        break;
    case OPTION_U32:
    case OPTION_U64: buf_printf(out, "%" PRIu64 " to %" PRIu64, row->min, row->max); break;
    case OPTION_PERMILLE:
        buf_printf(out, "%.3g to %.3g", (double)row->min / 1000, (double)row->max / 1000);
        break;
    case OPTION_BOOL: buf_puts(out, "`true`, `false`"); break;
    case OPTION_TEXT: buf_printf(out, "at most %d bytes", OPTION_TEXT_MAX - 1); break;
    case OPTION_CHOICE:
        for (size_t i = 0; row->choices[i] != NULL; i++) {
            buf_printf(out, "%s`%s`", i == 0 ? "" : ", ", row->choices[i]);
        }
        break;
    }
}

void config_write_manual(struct buf *out)
{
    buf_puts(
        out,
        "# Runtime options\n\n"
        "This page is generated from the rows in `runtime/config/config_rows.c`; change it "
        "there.\n\n"
        "A configuration file is one flat map of these keys (`connect_timeout_s: 0.25`). Later "
        "sources win:\nthe default, the file, the environment (`TSFM_` and the key in "
        "capitals), `--set key=value`.\n\n"
        "SIGHUP reads the file again. `reload` says which changed values then hold at once; one "
        "that needs a\nrestart is named in the log and stays as it was.\n\n"
        "| option | unit | default | allowed | reload | what it does |\n"
        "|---|---|---|---|---|---|\n");
    size_t count;
    const struct option *rows = config_rows(&count);
    for (size_t i = 0; i < count; i++) {
        const struct option *row = &rows[i];
        bool empty = row->initial[0] == '\0';
        buf_printf(out, "| `%s` | %s | %s%s%s | ", row->key, option_unit(row), empty ? "" : "`",
                   empty ? "(empty)" : row->initial, empty ? "" : "`");
        write_bounds(out, row);
        buf_printf(out, " | %s | %s |\n", option_reload_text(row->reload), row->sentence);
    }
}

/* Texts in quotes: an empty one, or one with a colon, would read back as something else. */
static void write_value(struct buf *out, const struct runtime_config *config, size_t index)
{
    const struct option *row = &config->options.rows[index];
    if (row->kind != OPTION_TEXT) {
        options_format_value(&config->options, config, index, out);
        return;
    }
    struct json json;
    json_init(&json, out);
    const char *text = (const char *)config + row->offset;
    char hidden[OPTION_TEXT_MAX];
    if (row->offset == offsetof(struct runtime_config, l2.redis_url)) {
        redis_url_hide(text, hidden);
        text = hidden;
    }
    json_string(&json, text);
}

void config_write(struct buf *out, const struct runtime_config *config)
{
    for (size_t i = 0; i < config->options.count; i++) {
        const struct option *row = &config->options.rows[i];
        buf_printf(out, "%s: ", row->key);
        write_value(out, config, i);
        const char *unit = option_unit(row);
        buf_printf(out, "  # %s%s%s; reload: %s\n", unit, unit[0] == '\0' ? "" : ", ",
                   option_source_text(config->options.source[i]), option_reload_text(row->reload));
    }
}
