#ifndef MOCK_WIRE_CHECKS_H
#define MOCK_WIRE_CHECKS_H
/* What each fault of the table must look like on the wire; mock_fault_table_test.c runs them. Times
 * are only bounded from below and counted from the moment before the request was sent, so that no
 * slow machine fails them. */

#include "wire_peer.h"

/* A mock whose control port is apart, and the answers that it gives without faults. */
struct wire_rig {
    struct mock_process mock;
    struct buf head; /* of a whole answer played by hand; Date differs from one to the next */
    struct buf body;
};

void wire_rig_open(struct wire_rig *rig);
void wire_rig_close(struct wire_rig *rig);
void wire_rig_set(const struct wire_rig *rig, const char *yaml);
void wire_rig_clear(const struct wire_rig *rig);

struct wire_check {
    const char *yaml; /* of the row; NULL: the end of the list */
    void (*run)(struct wire_rig *rig, const struct wire_check *check, bool reused);
    enum end end;
    size_t bytes;     /* cuts: of the part */
    unsigned percent; /* cuts: of the part; 100: all of it */
    const char *text; /* what must stand in the head */
    unsigned status;
    unsigned count;    /* heads, bytes of padding or of garbage */
    unsigned pause_ms; /* none is shorter */
    bool new_only;     /* not on a used connection, too */
};

extern const struct wire_check wire_cut_checks[], wire_slow_checks[], wire_malformed_checks[],
    wire_answer_checks[], wire_request_checks[], wire_connect_checks[];

/* Sends a forecast request on a new connection, or one that has served another. */
void wire_ask(struct wire_rig *rig, struct wire_peer *peer, bool reused);
/* The length of the head with its blank line; fails when it is not complete. */
size_t wire_head_length(const struct wire_peer *peer);
/* The same bytes; the digits of the date may differ. */
void wire_expect_head(const struct wire_rig *rig, const char *bytes, size_t length);
void wire_expect_bytes(const char *got, const char *wanted, size_t length);
/* When the byte number `bytes` had come, since the request was sent. */
uint64_t wire_came_ns(const struct wire_peer *peer, size_t bytes);
/* The connection is open and silent, reset or finished; in the eyes of the kernel, too. */
void wire_expect_end(struct wire_peer *peer, enum end end);

#endif
