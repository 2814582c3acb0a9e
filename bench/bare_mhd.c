/* The peer of the mock: libmicrohttpd alone. Reads the body of any POST and answers a fixed text of
 * the size given, with its own epoll thread, as its manual suggests.
 *
 *     bench-bare-mhd BODY_BYTES        prints its port; ends with its standard input */
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

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

int main(int argc, char **argv)
{
    size_t length = argc == 2 ? (size_t)strtoull(argv[1], NULL, 10) : 0;
    if (length == 0) {
        fprintf(stderr, "usage: bench-bare-mhd BODY_BYTES\n");
        return 2;
    }
    char *body = mem_alloc(length, 1);
    memset(body, 'x', length);
    answer = MHD_create_response_from_buffer(length, body, MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(answer, "Content-Type", "application/json");
    struct sockaddr_in here = { .sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, on_access, NULL, MHD_OPTION_SOCK_ADDR,
        (struct sockaddr *)&here, MHD_OPTION_CONNECTION_LIMIT, 2048u, MHD_OPTION_END);
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
