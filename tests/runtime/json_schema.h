#ifndef TESTS_RUNTIME_JSON_SCHEMA_H
#define TESTS_RUNTIME_JSON_SCHEMA_H
/* The part of JSON Schema (2020-12) that openapi.json uses: $ref within the document, type, enum,
 * const, anyOf, oneOf, required, properties, additionalProperties, items, minItems, maxItems,
 * minimum, maximum, exclusiveMinimum, exclusiveMaximum, minLength, maxLength, pattern (POSIX
 * extended, searched). description, title, default, examples and summary say nothing about values.
 * Any other keyword is a fault of the schema: nothing is skipped unseen. */

#include <stdbool.h>

#include <cjson/cJSON.h>

enum { SCHEMA_FAULT_MAX = 512 };

/* Whether `value` is valid; otherwise `fault` says where and why not: "/meta/age_s: ...". */
bool json_schema_check(const cJSON *document, const cJSON *schema, const cJSON *value,
                       char fault[SCHEMA_FAULT_MAX]);
/* What a reference such as "#/components/schemas/Code" names; NULL when nothing. */
const cJSON *json_schema_resolve(const cJSON *document, const char *reference);

#endif
