#ifndef NET_ADDRESS_H
#define NET_ADDRESS_H
/* "127.0.0.1:8080", "[::1]:0", "localhost:0" (as 127.0.0.1): where to listen. Port 0 asks the
 * kernel for a free one. */

#include <stdint.h>

#include "base/err.h"

struct address {
    char host[64]; /* a numeric address */
    uint16_t port;
};

MUST_USE enum err address_parse(const char *text, struct address *out, struct err_note *note);
/* "http://127.0.0.1:8080", into `out`. */
void address_url(const struct address *address, char *out, unsigned long out_bytes);

#endif
