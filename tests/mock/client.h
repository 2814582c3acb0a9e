#ifndef MOCK_CLIENT_H
#define MOCK_CLIENT_H
/* Runs mock-tollama as a child and speaks to it over plain sockets, so that a test sees exactly the
 * bytes and the ends that a client would. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

enum { CLIENT_PATIENCE_MS = 10000, CLIENT_SILENCE_MS = 150 };

struct mock_process {
    pid_t pid; /* 0: not running */
    int out;   /* its stdout */
    uint16_t port;
    uint16_t control_port; /* 0: none */
    char folder[64]; /* holds scenario.yaml and ledger.jsonl; removed at the end */
};

/* `faults` is the list of the one phase, from 0 s to an hour; NULL: no scenario. `latency` as in a
 * scenario. */
void mock_start(struct mock_process *mock, const char *faults, const char *latency);
/* With these arguments (NULL-terminated) beside --listen, --ledger and --parent. */
void mock_start_with(struct mock_process *mock, const char *const *arguments);
/* With this scenario text. */
void mock_start_scenario(struct mock_process *mock, const char *scenario);
/* Sends the signal and waits; the wait status. */
int mock_end(struct mock_process *mock, int signal_number);
/* Ends it with SIGTERM, checks that it exits with 0 and removes its files. */
void mock_stop(struct mock_process *mock);
void mock_remove_files(struct mock_process *mock);
/* Runs the program with these arguments until it ends; stderr goes to `err`. Returns the exit code.
 */
int mock_run(const char *const *arguments, struct buf *err);
void mock_ledger_path(const struct mock_process *mock, char *out, size_t out_bytes);

int client_connect(const struct mock_process *mock);
int client_connect_port(uint16_t port);

struct request {
    const char *method;  /* NULL: POST */
    const char *path;    /* NULL: /v1/forecast */
    const char *id;      /* X-Request-ID; NULL: none */
    const char *attempt; /* X-Attempt; NULL: none */
    const char *header;  /* a whole line without its end; NULL: none */
    const char *body;    /* NULL: CLIENT_FORECAST for a POST, none for a GET */
};

extern const char CLIENT_FORECAST[]; /* horizon 4, quantiles 0.1 0.5 0.9, id series-a */

void client_send(int fd, const struct request *request);

enum end { END_WHOLE, END_RESET, END_FIN, END_SILENT };

struct answer {
    unsigned status;  /* 0: no complete head */
    struct buf head;  /* with its blank line */
    struct buf body;  /* what came of it */
    size_t announced; /* Content-Length */
    enum end end;
    uint64_t first_ns; /* moment of the first byte */
};

/* Reads until the announced body is whole, the connection ends, or nothing comes for `silence_ms`.
 */
void client_read(int fd, struct answer *answer, int silence_ms);
void answer_free(struct answer *answer);
/* The value of a header into `out`; false when it is absent. */
bool answer_header(const struct answer *answer, const char *name, char *out, size_t out_bytes);
/* Reads on behind an answer until the connection ends or is silent; bytes are a failure. */
enum end client_read_end(int fd, int silence_ms);

/* One request on a connection of its own. */
void client_call(const struct mock_process *mock, const struct request *request,
                 struct answer *answer);
/* The same on the control port. */
void client_control(const struct mock_process *mock, const struct request *request,
                    struct answer *answer);
/* Sets the scenario's zero to now plus `offset_ns` (which may be negative). */
void client_set_start(const struct mock_process *mock, int64_t offset_ns);
/* Fails unless /v1/health answers. */
void client_expect_alive(const struct mock_process *mock);

#endif
