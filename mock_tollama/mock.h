#ifndef MOCK_MOCK_H
#define MOCK_MOCK_H
/* A tollama server that misbehaves on request: answers tollama's forecast API with deterministic
 * values, plays a scenario's faults on those three endpoints, and keeps a ledger of what it did.
 *
 * The scenario's zero is the moment of mock_create() until POST /__mock/start sets another; before
 * zero no phase is in force. Without a scenario every answer is healthy and immediate. */

#include <stdint.h>
#include <uv.h>

#include "base/err.h"
#include "net/address.h"
#include "scenario/scenario.h"

enum {
    MOCK_CONNECTIONS_MAX = 10000,
    MOCK_BODY_BYTES_MAX = 8 * 1024 * 1024,
    MOCK_IDLE_TIMEOUT_S = 75,
    MOCK_LEDGER_FLUSH_MS = 200,
};

struct mock;

struct mock_config {
    uv_loop_t *loop;
    struct address listen;
    const struct scenario *scenario; /* NULL: none; borrowed */
    uint64_t seed;                   /* of the scenario's draws */
    const char *ledger_path;         /* NULL: none */
};

/* ERR_IO: the ledger cannot be written; ERR_NETWORK: the address cannot be listened on. */
MUST_USE enum err mock_create(const struct mock_config *config, struct mock **out,
                              struct err_note *note);
/* Where it listens, with the real port. */
struct address mock_address(const struct mock *mock);
/* Ends every open answer, writes the ledger out and closes. The memory is freed when the loop has
 * run once more. */
void mock_destroy(struct mock *mock);

#endif
