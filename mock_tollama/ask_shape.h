#ifndef MOCK_ASK_SHAPE_H
#define MOCK_ASK_SHAPE_H
/* Which members a forecast request may have, and of which kinds: tollama's schema as tables. What
 * the values mean together is ask.c's. */

#include "mock/ask.h"

MUST_USE enum err ask_check_shape(enum ask_api api, const cJSON *document, struct err_note *note);
/* One of "series". */
MUST_USE enum err ask_check_series_shape(const cJSON *series, struct err_note *note);

#endif
