#include "scenario/fault_table.h"

static const char head[] =
    "# Faults\n\n"
    "This page is made by `tollgate faults` from `scenarios/lib/fault_table.c`; change it "
    "there.\n\n"
    "A phase of a scenario holds a list of faults; those that fire on an attempt compose in the "
    "order of\nthe file. Each has one effect, and selection keys beside it say on which attempts "
    "it "
    "fires:\n\n"
    "```yaml\n"
    "upstream:\n"
    "  latency: { p50: 40ms, p90: 90ms, max: 400ms }\n"
    "  phases:\n"
    "    - name: outage\n"
    "      from: 20s\n"
    "      to: 40s\n"
    "      faults:\n"
    "        - { status: 503, retry_after: 1s, share: 60% }\n"
    "        - { at: response_body@40%, do: reset, every: 5 }\n"
    "```\n\n"
    "Of two that cannot both be, the first in the file holds, although both are said to have "
    "fired: two ends of\na connection, two `malformed`, `slow_close` and something behind the "
    "answer.\n\n"
    "`mock-tollama --scenario FILE --dry-run 20` prints what will happen to the first requests. "
    "Every row\nbelow is played by a test on real sockets and in the simulator, and must get its "
    "outcome: the word that\nthe runtime's classifier has for it (`runtime/core/classify.h`). "
    "Behind "
    "\"or\" stands what it may be called\nover sockets, when packets race or when no byte of an "
    "answer came on a connection that was used before.\n`exact` means those bytes and packets; "
    "`emulated` says how; the rest is refused.\n\n";

static const char selections[] =
    "## On which attempts\n\n"
    "Several in one fault must all hold. What counts, counts the attempts that the others let "
    "through, in\nthe order in which the upstream reads them; all else is a function of the seed, "
    "the "
    "request, the\nattempt and the time, so the same request meets the same fate at any "
    "concurrency "
    "and in both worlds.\n\n"
    "| key | fires |\n"
    "|---|---|\n"
    "| `share: 30%` | on each attempt by its own draw |\n"
    "| `exact_share: 30%` | on three of every ten, as evenly as it goes (counts) |\n"
    "| `first: 5` | on the first five (counts) |\n"
    "| `nth: 7` | on the seventh alone (counts) |\n"
    "| `every: 5` | on the 5th, the 10th, ... (counts; beside `dribble` it is the rhythm) |\n"
    "| `after: 2s` | from so long after the phase's start |\n"
    "| `until: 5s` | until so long after the phase's start |\n"
    "| `ramp: { from: 0%, to: 100% }` | by a draw whose share moves over the fault's time |\n"
    "| `burst: { bad: 2s, good: 8s }` | in bad times, 2 s on average, with good ones between "
    "(drawn) |\n"
    "| `model: chronos` | for this model (`chronos`, `chronos-...`) |\n"
    "| `market: btc` | for this market (`btc`, `btc-...`) |\n"
    "| `path: /v1/forecast` | for this one of the three paths that forecast |\n"
    "| `attempt: \">= 1\"` | for retries only; `attempt: 0` for first attempts |\n\n"
    "`ramp_delay: { from: 0%, to: 100% }` beside a delay lets its length grow over the fault's "
    "time.\n\n"
    "## How long\n\n"
    "`upstream.latency`, `delay` and the `for` of `do: delay` take a time (`40ms`), a table (`{ "
    "p50: "
    "40ms,\np90: 90ms, max: 400ms }`), `{ uniform: [100ms, 300ms] }`, `{ lognormal: { median: "
    "40ms, "
    "p99: 400ms } }`\nor `{ samples: recorded.txt }` (one duration per line, beside the "
    "scenario).\n\n"
    "`upstream.capacity: { workers: 16, queue: 64, on_full: 503 }` makes latency depend on load: "
    "each "
    "answer\ntakes a worker, whether or not somebody still waits for it. `on_full` is 503, 429, "
    "reset "
    "or close.\n\n";

static const char *position_of(const struct fault_row *row)
{
    return fault_position_name(row->at);
}

static void write_possible(struct buf *out)
{
    size_t count = 0;
    const struct fault_row *rows = fault_table(&count);
    buf_puts(out, "## What happens\n\n"
                  "| where | line to copy | what happens | how | the attempt is |\n"
                  "|---|---|---|---|---|\n");
    for (size_t i = 0; i < count; i++) {
        const struct fault_row *row = &rows[i];
        if (row->support == FAULT_IMPOSSIBLE) continue;
        buf_printf(out, "| %s | `%s` | %s | %s | %s", position_of(row), row->yaml, row->what,
                   fault_support_name(row->support), row->outcome);
        if (row->other != NULL) buf_puts(out, " or ");
        for (const char *at = row->other; at != NULL && *at != '\0'; at++) {
            if (*at == ' ') buf_puts(out, " or ");
            else buf_putc(out, *at);
        }
        buf_puts(out, " |\n");
    }
    buf_putc(out, '\n');
}

/* Rows with one reason stand together. */
static void write_impossible(struct buf *out)
{
    size_t count = 0;
    const struct fault_row *rows = fault_table(&count);
    buf_puts(out, "## What is refused, and why\n\n| do | at | because |\n|---|---|---|\n");
    for (size_t i = 0; i < count;) {
        const struct fault_row *row = &rows[i];
        if (row->support != FAULT_IMPOSSIBLE) {
            i++;
            continue;
        }
        buf_printf(out, "| %s | %s", fault_effect_name(row->effect), position_of(row));
        for (i++; i < count && rows[i].effect == row->effect && rows[i].what == row->what; i++) {
            buf_printf(out, ", %s", position_of(&rows[i]));
        }
        buf_printf(out, " | %s |\n", row->what);
    }
}

void fault_table_write(struct buf *out)
{
    buf_puts(out, head);
    write_possible(out);
    buf_puts(out, selections);
    write_impossible(out);
}
