#ifndef RUNTIME_SECRETS_H
#define RUNTIME_SECRETS_H
/* What must not stand in a file, on a command line or in a log: from the environment only.
 *
 *     TSFM_FORECAST_API_TOKEN   callers must show it; unset: everyone may call
 *     TSFM_UPSTREAM_API_KEY     shown to the model server; unset: none
 *
 * A token that was copied from an example protects nothing: placeholders ("changeme", "<token>",
 * "my-secret-token-1234"), one character over and over, and fewer than 16 characters are refused.
 * So is an empty one: it is a variable that somebody forgot to fill. White space around is not
 * part of it. */

#include <stdbool.h>

#include "base/err.h"

enum { SECRET_MAX = 256, SECRET_TOKEN_MIN = 16 };

struct secrets {
    char api_token[SECRET_MAX + 1];    /* "": none */
    char upstream_key[SECRET_MAX + 1]; /* "": none */
};

/* `environment`: as environ. ERR_INVALID with a sentence that does not repeat the secret. */
MUST_USE enum err secrets_load(struct secrets *out, char *const *environment,
                               struct err_note *note);

/* Whether a text is a placeholder rather than a secret; see above. */
bool secret_is_placeholder(const char *text);

#endif
