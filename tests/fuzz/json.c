/* Our JSON reader beside cJSON's: what both take, they see alike; looking finds what building
 * finds. */

#include <math.h>
#include <string.h>

#include "base/json_read.h"
#include "base/mem.h"
#include "fuzz.h"

static void check_same(const cJSON *ours, const cJSON *theirs)
{
    assert((ours->type & 0xff) == (theirs->type & 0xff));
    if (ours->string != NULL) assert(strcmp(ours->string, theirs->string) == 0);
    if (cJSON_IsString(ours)) assert(strcmp(ours->valuestring, theirs->valuestring) == 0);
    if (cJSON_IsNumber(ours)) {
        assert(ours->valuedouble == theirs->valuedouble || isinf(ours->valuedouble));
    }
    const cJSON *mine = ours->child;
    const cJSON *other = theirs->child;
    for (; mine != NULL && other != NULL; mine = mine->next, other = other->next) {
        check_same(mine, other);
    }
    assert(mine == NULL && other == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = { .head = NULL };
    cJSON *tree = NULL;
    size_t at = 0;
    size_t at_look = 0;
    char *exact = mem_copy(size == 0 ? (const void *)"" : data, size);
    const char *trouble = json_read(exact, size, &arena, &tree, &at);
    assert(json_read(exact, size, NULL, NULL, &at_look) == trouble);
    assert(at == at_look && at <= size);
    if (trouble == NULL) {
        cJSON *theirs = cJSON_ParseWithLength(exact, size);
        if (theirs != NULL) check_same(tree, theirs);
        cJSON_Delete(theirs);
    }
    mem_free(exact);
    arena_deinit(&arena);
    return 0;
}
