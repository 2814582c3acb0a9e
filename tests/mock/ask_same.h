#ifndef TESTS_MOCK_ASK_SAME_H
#define TESTS_MOCK_ASK_SAME_H
/* The shorter way of reading a request beside the long one. */

#include <stdbool.h>

#include "mock/ask.h"

enum ask_same { ASK_LEFT, ASK_TAKEN, ASK_DIFFERS };

/* ASK_LEFT: the shorter way leaves this body to the long one. ASK_DIFFERS: it takes what the long
 * way refuses, or reads something else in it. */
enum ask_same ask_compare(enum ask_api api, const char *body, size_t length);

#endif
