#ifndef RUNTIME_OPENAPI_H
#define RUNTIME_OPENAPI_H
/* runtime/openapi.json, the description of what the runtime serves, as it was when this program was
 * built. A test holds real answers against it, and its lists of codes, outcomes and path words
 * against the ones of the code. */

#include <stddef.h>

extern const char openapi_text[]; /* NUL-terminated */
extern const size_t openapi_text_length;

#endif
