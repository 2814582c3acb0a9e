#ifndef HARNESS_LOAD_ADDRESS_H
#define HARNESS_LOAD_ADDRESS_H
/* Where the load generator sends to: a URL, taken apart and looked up once, before the run.
 *
 *     "http://10.0.0.7:8080/v2/"  ->  10.0.0.7:8080, Host "10.0.0.7:8080", path "/v2" */

#include <sys/socket.h>

#include "base/err.h"

enum { LOAD_HOST_MAX = 256, LOAD_PATH_MAX = 256 };

struct load_address {
    struct sockaddr_storage socket;
    socklen_t socket_length;
    char host[LOAD_HOST_MAX]; /* for the Host field */
    char path[LOAD_PATH_MAX]; /* in front of every path; "" or "/...", with no '/' at the end */
};

/* Fails with a sentence when `url` is no http:// URL or its host is not known. Looking up a name
 * blocks. */
MUST_USE enum err load_address_find(const char *url, struct load_address *out,
                                    struct err_note *note);

#endif
