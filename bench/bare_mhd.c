/* The peer of the mock, and of the load generator: libmicrohttpd alone. Reads the body of any POST
 * and answers a fixed text of the size given, or a file, with its own epoll thread, as its manual
 * suggests.
 *
 *     bench-bare-mhd BODY_BYTES|FILE   prints its port; ends with its standard input */
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

enum { BODY_BYTES_MAX = 1 << 20 };

static struct MHD_Response *answer;

static enum MHD_Result on_access(void *context, struct MHD_Connection *connection, const char *url,
                                 const char *method, const char *version, const char *bytes,
                                 size_t *length, void **request)
{
    (void)context;
    (void)url;
    (void)method;
    (void)version;
    (void)bytes;
    if (*request == NULL) {
        *request = answer; /* any mark: the head was seen */
        return MHD_YES;
    }
    if (*length > 0) {
        *length = 0;
        return MHD_YES;
    }
    return MHD_queue_response(connection, MHD_HTTP_OK, answer);
}

/* Owned by the caller; NULL when `text` is neither. */
static char *make_body(const char *text, size_t *length)
{
    char *end = NULL;
    char *body = NULL;
    struct err_note note = { .err = ERR_OK };
    *length = (size_t)strtoull(text, &end, 10);
    if (*length > 0 && *end == '\0') {
        body = mem_alloc(*length, 1);
        memset(body, 'x', *length);
    } else if (file_read(text, BODY_BYTES_MAX, &body, length, &note) != ERR_OK) {
        err_note_print(stderr, &note);
    }
    return body;
}

int main(int argc, char **argv)
{
    size_t length = 0;
    char *body = argc == 2 ? make_body(argv[1], &length) : NULL;
    if (body == NULL || length == 0) {
        fprintf(stderr, "usage: bench-bare-mhd BODY_BYTES|FILE\n");
        return 2;
    }
    answer = MHD_create_response_from_buffer(length, body, MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(answer, "Content-Type", "application/json");
    struct sockaddr_in here = { .sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, on_access, NULL, MHD_OPTION_SOCK_ADDR,
        (struct sockaddr *)&here, MHD_OPTION_CONNECTION_LIMIT, 16384u, MHD_OPTION_END);
    if (daemon == NULL) {
        fprintf(stderr, "bench-bare-mhd: libmicrohttpd did not start\n");
        return 4;
    }
    printf("%u\n", (unsigned)MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    fflush(stdout);
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0) continue;
    MHD_stop_daemon(daemon);
    MHD_destroy_response(answer);
    mem_free(body);
    return 0;
}
