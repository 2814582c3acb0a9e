#ifndef TESTS_RUNTIME_TLS_FRONT_H
#define TESTS_RUNTIME_TLS_FRONT_H
/* A TLS server in front of a plain one, in processes of its own, and certificates made for the
 * test. What it receives it passes on to a port of 127.0.0.1, and back. */

#include <stdint.h>
#include <sys/types.h>

struct tls_front {
    pid_t pid;
    uint16_t port;
};

/* `folder`/ca.pem and ca.key: a new authority of the name `name`. */
void tls_make_authority(const char *folder, const char *name);
/* `folder`/`name`.pem and .key, signed by the authority; `subject`: "IP:127.0.0.1" or
 * "DNS:example.test". */
void tls_make_certificate(const char *folder, const char *name, const char *subject);

/* Serves `folder`/`name`.pem on a free port. */
void tls_front_start(struct tls_front *front, const char *folder, const char *name,
                     uint16_t plain_port);
void tls_front_stop(struct tls_front *front);

#endif
