#ifndef TESTS_RUNTIME_CONTRACT_H
#define TESTS_RUNTIME_CONTRACT_H
/* Real answers held against openapi.json. */

#include <stdbool.h>

#include "json_schema.h"
#include "rig.h"

/* The document in the program; to be given to cJSON_Delete(). */
cJSON *contract_document(void);

/* Whether `answer`, to `method` of `path`, is one that the document describes: status, media type,
 * body, and each header of ours. */
bool contract_allows(const cJSON *document, const struct rig_answer *answer, const char *method,
                     const char *path, char fault[SCHEMA_FAULT_MAX]);
/* Fails the test when it does not. */
void contract_check(const cJSON *document, const struct rig_answer *answer, const char *method,
                    const char *path);

#endif
