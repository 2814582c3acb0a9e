#include "scenario/fault_table.h"

#include <assert.h>
#include <string.h>

#define EXACT(effect, at, outcome, yaml, what)                                                     \
    {                                                                                              \
        effect, at, FAULT_EXACT, what, outcome, NULL, yaml                                         \
    }
/* What the client sees of it depends on which packet wins, or on whether its connection was used
 * before: without a byte of an answer, libcurl would ask again on a new one, which is not let. */
#define EITHER(effect, at, outcome, other, yaml, what)                                             \
    {                                                                                              \
        effect, at, FAULT_EXACT, what, outcome, other, yaml                                        \
    }
#define EMULATED(effect, at, outcome, yaml, what)                                                  \
    {                                                                                              \
        effect, at, FAULT_EMULATED, what, outcome, NULL, yaml                                      \
    }
#define IMPOSSIBLE(effect, at, why)                                                                \
    {                                                                                              \
        effect, at, FAULT_IMPOSSIBLE, why, NULL, NULL, NULL                                        \
    }
#define ANSWER(name, outcome, what)                                                                \
    {                                                                                              \
        FAULT_ANSWER, FAULT_AT_RESPONSE_BODY, FAULT_EXACT, what, outcome, NULL,                    \
            "{ answer: " name " }"                                                                 \
    }
#define MALFORMED(name, at, outcome, what)                                                         \
    {                                                                                              \
        FAULT_MALFORMED, at, FAULT_EXACT, what, outcome, NULL, "{ malformed: " name " }"           \
    }

#define AT_CONNECT FAULT_AT_CONNECT
#define AT_REQUEST_HEAD FAULT_AT_REQUEST_HEAD
#define AT_REQUEST_BODY FAULT_AT_REQUEST_BODY
#define AT_HEAD FAULT_AT_RESPONSE_HEAD
#define AT_BODY FAULT_AT_RESPONSE_BODY
#define AT_END FAULT_AT_RESPONSE_END

static const char before_it_exists[] =
    "a connection is refused before there is one; write at: connect";
static const char no_answer_yet[] =
    "no byte of an answer is sent there; write at: response_head or response_body@40%";
static const char one_moment[] = "it is one moment, and nothing is left to be sent";
static const char fits_the_buffer[] =
    "a request fits the socket's buffer, so its client would only see a late answer; write delay: "
    "500ms";
static const char connects_by_kernel[] =
    "the kernel completes connections by itself; write do: syn_drop, or delay: 500ms";
static const char one_after_another[] =
    "a second answer before the first is over is garbage; write do: garbage";
static const char only_the_end[] =
    "only the end of an answer can be late; write do: delay with for";

/* To add a fault: its rows. Rows of one effect stand together. */
static const struct fault_row rows[] = {
    EXACT(FAULT_REFUSE, AT_CONNECT, "connect_error", "{ at: connect, do: refuse }",
          "nobody listens: RST for each SYN"),
    IMPOSSIBLE(FAULT_REFUSE, AT_REQUEST_HEAD, before_it_exists),
    IMPOSSIBLE(FAULT_REFUSE, AT_REQUEST_BODY, before_it_exists),
    IMPOSSIBLE(FAULT_REFUSE, AT_HEAD, before_it_exists),
    IMPOSSIBLE(FAULT_REFUSE, AT_BODY, before_it_exists),
    IMPOSSIBLE(FAULT_REFUSE, AT_END, before_it_exists),

    EMULATED(FAULT_SYN_DROP, AT_CONNECT, "connect_timeout", "{ at: connect, do: syn_drop }",
             "the listener's queue is kept full, so the kernel drops each SYN"),
    IMPOSSIBLE(FAULT_SYN_DROP, AT_REQUEST_HEAD, before_it_exists),
    IMPOSSIBLE(FAULT_SYN_DROP, AT_REQUEST_BODY, before_it_exists),
    IMPOSSIBLE(FAULT_SYN_DROP, AT_HEAD, before_it_exists),
    IMPOSSIBLE(FAULT_SYN_DROP, AT_BODY, before_it_exists),
    IMPOSSIBLE(FAULT_SYN_DROP, AT_END, before_it_exists),

    EITHER(FAULT_RESET, AT_CONNECT, "read_error", "connect_error write_error",
           "{ at: connect, do: reset }", "accepted, then RST"),
    EXACT(FAULT_RESET, AT_REQUEST_HEAD, "read_error", "{ at: request_head, do: reset }",
          "RST when the head was read and nothing of the body"),
    EXACT(FAULT_RESET, AT_REQUEST_BODY, "read_error", "{ at: request_body@50%, do: reset }",
          "RST when so much of the body was read; a body larger than the sockets' buffers is a "
          "write_error"),
    EXACT(FAULT_RESET, AT_HEAD, "read_error", "{ at: response_head, do: reset }",
          "RST before the first byte"),
    EXACT(FAULT_RESET, AT_HEAD, "read_error", "{ at: response_head@20B, do: reset }",
          "RST inside the head"),
    EXACT(FAULT_RESET, AT_BODY, "read_error", "{ at: response_body@40%, do: reset }",
          "RST inside the body; what was sent before arrives"),
    EXACT(FAULT_RESET, AT_END, "ok", "{ at: response_end, do: reset }",
          "RST behind a whole answer: the connection must not be used again"),

    EITHER(FAULT_CLOSE, AT_CONNECT, "protocol_error", "read_error write_error",
           "{ at: connect, do: close }", "accepted, then FIN"),
    EITHER(FAULT_CLOSE, AT_REQUEST_HEAD, "protocol_error", "read_error",
           "{ at: request_head, do: close }", "FIN when the head was read and nothing of the body"),
    EITHER(FAULT_CLOSE, AT_REQUEST_BODY, "protocol_error", "read_error",
           "{ at: request_body@50%, do: close }", "FIN when so much of the body was read"),
    EITHER(FAULT_CLOSE, AT_HEAD, "protocol_error", "read_error", "{ at: response_head, do: close }",
           "FIN before the first byte"),
    EXACT(FAULT_CLOSE, AT_HEAD, "protocol_error", "{ at: response_head@20B, do: close }",
          "FIN inside the head"),
    EXACT(FAULT_CLOSE, AT_BODY, "protocol_error", "{ at: response_body@100B, do: close }",
          "FIN inside the body"),
    EXACT(FAULT_CLOSE, AT_END, "ok", "{ at: response_end, do: close }",
          "FIN behind a whole answer, which did not announce it"),

    EXACT(FAULT_STALL, AT_CONNECT, "read_timeout", "{ at: connect, do: stall }",
          "accepted, and never read"),
    EXACT(FAULT_STALL, AT_REQUEST_HEAD, "read_timeout", "{ at: request_head, do: stall }",
          "nothing is read behind the head; a body larger than the sockets' buffers is a "
          "write_timeout"),
    EXACT(FAULT_STALL, AT_REQUEST_BODY, "read_timeout", "{ at: request_body@50%, do: stall }",
          "nothing more is read of the body"),
    EXACT(FAULT_STALL, AT_HEAD, "read_timeout", "{ at: response_head, do: stall }",
          "silence instead of an answer"),
    EXACT(FAULT_STALL, AT_HEAD, "read_timeout", "{ at: response_head@20B, do: stall }",
          "silence inside the head"),
    EXACT(FAULT_STALL, AT_BODY, "read_timeout", "{ at: response_body@50%, do: stall }",
          "silence inside the body"),
    EXACT(FAULT_STALL, AT_END, "read_timeout", "{ at: response_end, do: stall }",
          "sent in chunks; the last one, which ends the answer, never comes"),

    IMPOSSIBLE(FAULT_DELAY, AT_CONNECT, connects_by_kernel),
    IMPOSSIBLE(FAULT_DELAY, AT_REQUEST_HEAD, fits_the_buffer),
    IMPOSSIBLE(FAULT_DELAY, AT_REQUEST_BODY, fits_the_buffer),
    EXACT(FAULT_DELAY, AT_HEAD, "ok", "{ delay: 50ms }", "the head comes later"),
    EXACT(FAULT_DELAY, AT_HEAD, "ok", "{ at: response_head@20B, do: delay, for: 50ms }",
          "a pause inside the head"),
    EXACT(FAULT_DELAY, AT_BODY, "ok", "{ at: response_body@40%, do: delay, for: 50ms }",
          "a pause inside the body"),
    EXACT(FAULT_DELAY, AT_END, "ok", "{ at: response_end, do: delay, for: 50ms }",
          "sent in chunks; the last one, which ends the answer, comes later"),

    IMPOSSIBLE(FAULT_DRIBBLE, AT_CONNECT, no_answer_yet),
    IMPOSSIBLE(FAULT_DRIBBLE, AT_REQUEST_HEAD, no_answer_yet),
    IMPOSSIBLE(FAULT_DRIBBLE, AT_REQUEST_BODY, no_answer_yet),
    EXACT(FAULT_DRIBBLE, AT_HEAD, "ok", "{ at: response_head, do: dribble, piece: 8B, every: 2ms }",
          "the head, from there on, in pieces with pauses"),
    EXACT(FAULT_DRIBBLE, AT_BODY, "ok",
          "{ at: response_body@50%, do: dribble, piece: 16B, every: 2ms }",
          "the body, from there on, in pieces with pauses"),
    IMPOSSIBLE(FAULT_DRIBBLE, AT_END, one_moment),

    IMPOSSIBLE(FAULT_THROTTLE, AT_CONNECT, no_answer_yet),
    IMPOSSIBLE(FAULT_THROTTLE, AT_REQUEST_HEAD, no_answer_yet),
    IMPOSSIBLE(FAULT_THROTTLE, AT_REQUEST_BODY, no_answer_yet),
    EXACT(FAULT_THROTTLE, AT_HEAD, "ok", "{ at: response_head, do: throttle, rate: 4KiB/s }",
          "the head, from there on, at a bounded rate"),
    EXACT(FAULT_THROTTLE, AT_BODY, "ok", "{ at: response_body@0%, do: throttle, rate: 8KiB/s }",
          "the body, from there on, at a bounded rate"),
    IMPOSSIBLE(FAULT_THROTTLE, AT_END, one_moment),

    IMPOSSIBLE(FAULT_GARBAGE, AT_CONNECT, no_answer_yet),
    IMPOSSIBLE(FAULT_GARBAGE, AT_REQUEST_HEAD, no_answer_yet),
    IMPOSSIBLE(FAULT_GARBAGE, AT_REQUEST_BODY, no_answer_yet),
    EXACT(FAULT_GARBAGE, AT_HEAD, "protocol_error", "{ at: response_head, do: garbage, bytes: 64 }",
          "bytes of no protocol before the head"),
    EXACT(FAULT_GARBAGE, AT_HEAD, "protocol_error",
          "{ at: response_head@20B, do: garbage, bytes: 64 }", "and inside it"),
    EXACT(FAULT_GARBAGE, AT_BODY, "bad_schema", "{ at: response_body@40%, do: garbage, bytes: 64 }",
          "bytes that belong to nothing inside the body; its length stays as announced"),
    EXACT(FAULT_GARBAGE, AT_END, "ok", "{ at: response_end, do: garbage, bytes: 64 }",
          "behind a whole answer: the connection must not be used again"),

    IMPOSSIBLE(FAULT_STRAY_ANSWER, AT_CONNECT, no_answer_yet),
    IMPOSSIBLE(FAULT_STRAY_ANSWER, AT_REQUEST_HEAD, no_answer_yet),
    IMPOSSIBLE(FAULT_STRAY_ANSWER, AT_REQUEST_BODY, no_answer_yet),
    IMPOSSIBLE(FAULT_STRAY_ANSWER, AT_HEAD, one_after_another),
    IMPOSSIBLE(FAULT_STRAY_ANSWER, AT_BODY, one_after_another),
    EXACT(FAULT_STRAY_ANSWER, AT_END, "ok", "{ at: response_end, do: stray_answer }",
          "a second answer that nobody asked for: the next request must not take it"),

    IMPOSSIBLE(FAULT_SLOW_CLOSE, AT_CONNECT, only_the_end),
    IMPOSSIBLE(FAULT_SLOW_CLOSE, AT_REQUEST_HEAD, only_the_end),
    IMPOSSIBLE(FAULT_SLOW_CLOSE, AT_REQUEST_BODY, only_the_end),
    IMPOSSIBLE(FAULT_SLOW_CLOSE, AT_HEAD, only_the_end),
    IMPOSSIBLE(FAULT_SLOW_CLOSE, AT_BODY, only_the_end),
    EXACT(FAULT_SLOW_CLOSE, AT_END, "ok", "{ at: response_end, do: slow_close, for: 50ms }",
          "no length is announced, and the connection closes late"),

    EXACT(FAULT_STATUS, AT_HEAD, "http_503", "{ status: 503, retry_after: 1s }",
          "a status with Retry-After in seconds"),
    EXACT(FAULT_STATUS, AT_HEAD, "http_429", "{ status: 429, retry_after_date: 2s }",
          "a status with Retry-After as a date"),
    EXACT(FAULT_STATUS, AT_HEAD, "http_5xx", "{ status: 500, headers: { X-Reason: drill } }",
          "a status with headers"),
    EXACT(FAULT_STATUS, AT_HEAD, "http_502", "{ status: 502 }", "a gateway without its server"),
    EXACT(FAULT_STATUS, AT_HEAD, "http_504", "{ status: 504 }", "a gateway that waited in vain"),
    EXACT(FAULT_STATUS, AT_HEAD, "http_4xx", "{ status: 404 }", "a model that is not there"),
    EXACT(FAULT_STATUS, AT_HEAD, "http_other", "{ status: 302, headers: { Location: /login } }",
          "a proxy that sends its callers elsewhere: not followed"),
    EXACT(FAULT_STATUS, AT_HEAD, "decoding_error",
          "{ status: 200, headers: { Content-Encoding: gzip } }",
          "a proxy that says it compressed the answer, which nobody asked for"),
    EXACT(FAULT_RATE_LIMIT, AT_HEAD, "http_429",
          "{ rate_limit: { rate: 1/m, burst: 1, retry_after: 1s } }",
          "a token bucket; 429 at once when it is empty"),
    EXACT(FAULT_COLD_START, AT_HEAD, "ok", "{ cold_start: 100ms }",
          "a model's first call loads it, and all of its calls wait for that"),
    EXACT(FAULT_COLD_START, AT_HEAD, "ok", "{ cold_start: { load: 100ms, idle: 30s } }",
          "and it is unloaded when nobody asked for so long"),
    EXACT(FAULT_INTERIM, AT_HEAD, "protocol_error", "{ interim: 100 }",
          "a flood of 100 Continue before the answer; a few are allowed"),
    EXACT(FAULT_HUGE_HEAD, AT_HEAD, "protocol_error", "{ huge_head: 300KiB }",
          "one header as long as that"),
    EXACT(FAULT_HUGE_BODY, AT_BODY, "response_too_large", "{ huge_body: 9MiB }",
          "valid JSON, then white space as long as that"),

    MALFORMED("length_short", AT_HEAD, "bad_schema", "Content-Length is half of the body's"),
    MALFORMED("length_long", AT_HEAD, "protocol_error",
              "Content-Length is more than what comes before the FIN"),
    MALFORMED("length_double", AT_HEAD, "protocol_error", "two Content-Length that differ"),
    MALFORMED("length_not_number", AT_HEAD, "protocol_error", "Content-Length: twelve"),
    MALFORMED("length_and_chunked", AT_HEAD, "protocol_error",
              "Content-Length and Transfer-Encoding, which contradict each other"),
    MALFORMED("chunk_size_invalid", AT_BODY, "protocol_error", "a chunk's size is \"zz\""),
    MALFORMED("chunk_size_huge", AT_BODY, "protocol_error",
              "a chunk's size is more than any number holds"),
    MALFORMED("chunk_cut", AT_BODY, "protocol_error", "FIN inside a chunk"),
    MALFORMED("status_line", AT_HEAD, "protocol_error", "\"HTTP/1.1 abc OK\""),
    MALFORMED("head_line", AT_HEAD, "protocol_error", "a line of the head without a colon"),

    ANSWER("missing_quantile", "bad_schema", "one of the quantiles is not there"),
    ANSWER("crossed_quantiles", "ok", "the quantiles are not in order; the runtime sorts them"),
    ANSWER("wrong_horizon", "bad_schema", "too few values"),
    ANSWER("not_finite", "bad_schema", "NaN among the values"),
    ANSWER("not_json", "bad_schema", "no JSON at all"),
    ANSWER("truncated_json", "bad_schema", "JSON that ends in the middle, with the right length"),
    ANSWER("wrong_types", "bad_schema", "texts where numbers belong"),
    ANSWER("error_object", "bad_schema", "an error object with status 200"),
    ANSWER("wrong_id", "wrong_request_id", "the answer to another request"),
    ANSWER("empty", "bad_schema", "no byte of a body"),
};

const struct fault_row *fault_table(size_t *count)
{
    *count = sizeof rows / sizeof rows[0];
    return rows;
}

const struct fault_row *fault_table_find(enum fault_effect effect, enum fault_position at)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].effect == effect && rows[i].at == at) return &rows[i];
    }
    assert(false && "a position and effect without a row");
    return NULL;
}

bool fault_row_allows(const struct fault_row *row, const char *outcome)
{
    size_t length = strlen(outcome);
    if (strcmp(row->outcome, outcome) == 0) return true;
    for (const char *at = row->other; at != NULL && *at != '\0';) {
        size_t word = strcspn(at, " ");
        if (word == length && strncmp(at, outcome, length) == 0) return true;
        at += word + strspn(at + word, " ");
    }
    return false;
}

const char *fault_support_name(enum fault_support support)
{
    switch (support) {
    case FAULT_EXACT: return "exact";
    case FAULT_EMULATED: return "emulated";
    case FAULT_IMPOSSIBLE: return "impossible";
    }
    assert(false && "unknown support");
    return "";
}
