#ifndef MOCK_MOCK_H
#define MOCK_MOCK_H
/* A tollama server that misbehaves on request: answers tollama's forecast API with deterministic
 * values, plays a scenario's faults on those three endpoints, and keeps a ledger of what it did.
 *
 * The scenario's zero is the moment of mock_create(), or never, until POST /__mock/start sets
 * another; before zero no phase is in force. Without a scenario every answer is healthy and
 * immediate. */

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/err.h"
#include "mock/auth.h"
#include "mock/stage.h"
#include "net/address.h"

enum {
    MOCK_CONNECTIONS_MAX = 10000,
    MOCK_CONTROL_CONNECTIONS_MAX = 64,
    MOCK_BODY_BYTES_MAX = 8 * 1024 * 1024,
    MOCK_BODIES_BYTES_MAX = 256 * 1024 * 1024, /* of all that are being read or wait */
    /* For a request's head, and libmicrohttpd's buffers. It reads into half of it and clears all of
     * it behind each request: 288 values with their timestamps come in one piece. */
    MOCK_CONNECTION_BYTES = 24 * 1024,
    MOCK_IDLE_TIMEOUT_S = 75,
    MOCK_LEDGER_FLUSH_MS = 200,
};

struct mock;
struct proxy_config;

struct mock_config {
    uv_loop_t *loop;
    struct address listen;
    struct stage *stage;     /* what is played first; NULL: nothing; held by the caller, too */
    const uint64_t *seed;    /* of all draws; NULL: each scenario's own; borrowed */
    const char *ledger_path; /* NULL: none */
    bool ledger_end;         /* its last line says that it is whole */
    const char *models;      /* as --models has it; NULL: the default ones */
    const struct auth *auth; /* NULL: everybody is let in; borrowed */
    const struct address *control; /* a port of the control interface's own; NULL: none; borrowed */
    const struct proxy_config *upstream; /* NULL: none; borrowed */
    uint64_t idle_ns;              /* a connection may be unused for so long; 0: 75 s */
    bool held;                     /* the scenario begins with POST /__mock/start, not at once */
    bool control_anywhere;         /* it may be on another address than loopback */
};

/* ERR_IO: the ledger cannot be written; ERR_NETWORK: an address cannot be listened on; others: the
 * options are not right. */
MUST_USE enum err mock_create(const struct mock_config *config, struct mock **out,
                              struct err_note *note);
/* Where it listens, with the real port. */
struct address mock_address(const struct mock *mock);
/* With a control port only. */
struct address mock_control_address(const struct mock *mock);
/* Ends every open answer, writes the ledger out and closes. The memory is freed when the loop has
 * run once more. */
void mock_destroy(struct mock *mock);

#endif
