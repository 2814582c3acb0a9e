#ifndef MOCK_ASK_SCAN_H
#define MOCK_ASK_SCAN_H
/* The common kind of forecast request, read in one pass over its bytes and without a tree: what it
 * takes, ask_parse() takes too, and means the same (tests/fuzz/mock_ask.c holds them together).
 * What is unusual in any way, and all that is wrong, is left to ask_parse(). */

#include "mock/ask.h"

/* True: `out` is filled, as by ask_parse(). False: nothing is known, and nothing to release. */
bool ask_scan(enum ask_api api, const char *body, size_t length, struct ask *out);

#endif
