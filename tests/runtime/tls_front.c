#include "tls_front.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/ssl.h>

enum { PATH_MAX_BYTES = 256, RELAY_BYTES = 16384, RELAYS_MAX = 1000000 };

/* Certificates, by the openssl command. */

static void run(const char *command)
{
    int status = system(command);
    if (status != 0) fail_msg("exit status %d: %s", status, command);
}

void tls_make_authority(const char *folder, const char *name)
{
    char command[1024];
    snprintf(command, sizeof command,
             "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
             "-keyout %s/ca.key -out %s/ca.pem -subj /CN=%s 2>%s/openssl.log",
             folder, folder, name, folder);
    run(command);
}

void tls_make_certificate(const char *folder, const char *name, const char *subject)
{
    char command[1024];
    snprintf(command, sizeof command,
             "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
             "-CA %s/ca.pem -CAkey %s/ca.key -keyout %s/%s.key -out %s/%s.pem -subj /CN=server "
             "-addext subjectAltName=%s -addext basicConstraints=critical,CA:FALSE "
             "2>%s/openssl.log",
             folder, folder, folder, name, folder, name, subject, folder);
    run(command);
}

/* The server; what fails in its processes ends them. */

static int listen_anywhere(uint16_t *port)
{
    struct sockaddr_in at = { .sin_family = AF_INET };
    socklen_t length = sizeof at;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 64), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &length), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

static int connect_plain(uint16_t port)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0) _exit(1);
    return fd;
}

static void send_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
        if (sent <= 0) _exit(0);
        bytes += sent;
        length -= (size_t)sent;
    }
}

static void relay(SSL *ssl, int secret_fd, uint16_t plain_port)
{
    char bytes[RELAY_BYTES];
    if (SSL_accept(ssl) != 1) _exit(0); /* a client that does not trust us, say */
    int plain_fd = connect_plain(plain_port);
    for (int i = 0; i < RELAYS_MAX; i++) {
        struct pollfd fds[] = { { .fd = secret_fd, .events = POLLIN },
                                { .fd = plain_fd, .events = POLLIN } };
        if (SSL_pending(ssl) == 0 && poll(fds, 2, -1) < 0) _exit(0);
        if (SSL_pending(ssl) > 0 || fds[0].revents != 0) {
            int got = SSL_read(ssl, bytes, sizeof bytes);
            if (got <= 0) _exit(0);
            send_all(plain_fd, bytes, (size_t)got);
        }
        if (fds[1].revents != 0) {
            ssize_t got = recv(plain_fd, bytes, sizeof bytes, 0);
            if (got <= 0 || SSL_write(ssl, bytes, (int)got) != (int)got) _exit(0);
        }
    }
    _exit(0);
}

static void serve(SSL_CTX *context, int listener, uint16_t plain_port)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGCHLD, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < RELAYS_MAX; i++) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0) _exit(1);
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            SSL *ssl = SSL_new(context);
            SSL_set_fd(ssl, fd);
            relay(ssl, fd, plain_port);
        }
        close(fd);
    }
    _exit(0);
}

void tls_front_start(struct tls_front *front, const char *folder, const char *name,
                     uint16_t plain_port)
{
    char path[PATH_MAX_BYTES];
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    assert_non_null(context);
    snprintf(path, sizeof path, "%s/%s.pem", folder, name);
    assert_int_equal(SSL_CTX_use_certificate_chain_file(context, path), 1);
    snprintf(path, sizeof path, "%s/%s.key", folder, name);
    assert_int_equal(SSL_CTX_use_PrivateKey_file(context, path, SSL_FILETYPE_PEM), 1);
    int listener = listen_anywhere(&front->port);
    front->pid = fork();
    assert_true(front->pid >= 0);
    if (front->pid == 0) serve(context, listener, plain_port);
    close(listener);
    SSL_CTX_free(context);
}

void tls_front_stop(struct tls_front *front)
{
    kill(front->pid, SIGKILL);
    (void)waitpid(front->pid, NULL, 0);
}
