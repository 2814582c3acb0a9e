#ifndef RUNTIME_START_CHECKS_H
#define RUNTIME_START_CHECKS_H
/* What is looked at once, before the first request: settings that cannot work are refused, those
 * that somebody may regret are warned about. */

#include "config/config.h"
#include "net/address.h"
#include "runtime/log.h"
#include "runtime/secrets.h"

/* ERR_INVALID when upstream_ca_file holds no certificate; or what reading it says. */
MUST_USE enum err start_check(const struct runtime_config *config, struct err_note *note);

struct start_facts {
    const struct runtime_config *config;
    const struct secrets *secrets;
    const char *upstream; /* base URL */
    struct address listen;
    uint64_t descriptors; /* as descriptors_raise() has it */
};

/* One warning each, as events: `open_to_everyone` (no token on an address that others reach),
 * `upstream_not_verified`, `upstream_key_in_clear` (over http, not on this machine),
 * `descriptors_short`. */
void start_warn(struct log *log, const struct start_facts *facts);

#endif
