#ifndef HARNESS_LOAD_LINKS_H
#define HARNESS_LOAD_LINKS_H
/* The load generator's connections: keep-alive, one request at a time on each, no TLS, no
 * pipelining. Written for one thing: to send at the moment asked for, tens of thousands of times a
 * second, on one core; and to be a bad client when asked.
 *
 * A connection that was used before and that the other side closes before a byte of the answer came
 * is taken for one that was closed while idle: the request goes out once more, on a new one. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/instant.h"
#include "harness/load_address.h"

enum { LOAD_LINKS_MAX = 8192 };

enum link_end {
    LINK_ANSWERED,
    LINK_FAILED,  /* not connected, cut off, or no HTTP */
    LINK_HUNG_UP, /* we did, as asked */
    LINK_GAVE_UP, /* no answer in time */
};

struct link_result {
    enum link_end end;
    unsigned status;  /* LINK_ANSWERED */
    const char *body; /* borrowed until the callback returns */
    size_t length;
};

struct link_request {
    uint32_t request; /* for the callbacks */
    const char *id;   /* X-Request-Id; copied */
    const char *body; /* borrowed until it is over */
    size_t length;
    instant_ns due;      /* when it begins */
    uint64_t over_ns;    /* it goes out in pieces over this time; 0: at once */
    uint64_t hang_up_ns; /* after it was sent; INSTANT_NEVER: does not hang up */
    uint64_t give_up_ns; /* after it was sent; > 0 */
};

struct load_links_config {
    uv_loop_t *loop;
    const struct load_address *address; /* borrowed */
    const char *path;                   /* behind the address's; borrowed */
    /* All of it was handed to the kernel. */
    void (*on_sent)(void *context, uint32_t request, instant_ns now);
    /* Exactly once per request; its link is free again. */
    void (*on_over)(void *context, uint32_t request, const struct link_result *result,
                    instant_ns now);
    /* Behind whatever happened: a connection may be free again, and time has passed. */
    void (*after_event)(void *context);
    void *context;
};

struct load_links;

/* Raises the process's own bound of open files as far as it may. */
struct load_links *load_links_create(const struct load_links_config *config);
/* False when no more connections can be had now: ask again when a request is over. */
bool load_links_send(struct load_links *links, const struct link_request *request);
/* Ends everything without callbacks. Run the loop once more before load_links_destroy(). */
void load_links_stop(struct load_links *links);
void load_links_destroy(struct load_links *links);

#endif
