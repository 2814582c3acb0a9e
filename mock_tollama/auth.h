#ifndef MOCK_AUTH_H
#define MOCK_AUTH_H
/* API keys, as tollama takes them: with at least one configured, every request must carry
 * "Authorization: Bearer KEY". Compared without telling by its time how much of a key was right. */

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum { AUTH_KEYS_MAX = 32, AUTH_KEY_BYTES_MAX = 256 };

struct auth {
    char *keys[AUTH_KEYS_MAX]; /* owned */
    size_t count;              /* 0: everybody is let in */
};

/* Copies the key. ERR_USAGE: it is empty or too long, or there are too many. */
MUST_USE enum err auth_add(struct auth *auth, const char *key, struct err_note *note);
/* The keys of a list with commas; NULL and empty names are nothing. */
MUST_USE enum err auth_add_list(struct auth *auth, const char *list, struct err_note *note);
void auth_deinit(struct auth *auth);

/* NULL: let in; else what is wrong, for the 401's detail. `header`: Authorization's value, NULL
 * when absent. */
const char *auth_refusal(const struct auth *auth, const char *header);

#endif
