#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"
#include "contract.h"
#include "forecast/baseline.h"
#include "forecast/request.h"

/* openapi.json itself: that it is served, whole, and names exactly what the code can say. */

static void the_document_is_served_as_it_stands_in_the_tree(void **state)
{
    (void)state;
    struct rig rig;
    struct err_note note = { 0 };
    char *file = NULL;
    size_t length = 0;
    rig_start(&rig, SETS("retry_count=0"));
    struct rig_answer answer = rig_get(&rig, "GET", "/openapi.json");
    assert_int_equal(answer.status, 200);
    assert_string_equal(rig_header(&answer, "Content-Type"), "application/json");
    assert_string_equal(rig_text(&answer, "openapi"), "3.1.0");
    assert_int_equal(file_read(TOLLGATE_SOURCE_DIR "/runtime/openapi.json", 1 << 20, &file, &length,
                               &note), ERR_OK);
    assert_string_equal(answer.body, file);
    mem_free(file);
    rig_answer_free(&answer);
    rig_stop(&rig);
}

static unsigned check_references(const cJSON *document, const cJSON *item)
{
    unsigned count = 0;
    const cJSON *child;
    if (item->string != NULL && strcmp(item->string, "$ref") == 0) {
        if (json_schema_resolve(document, item->valuestring) == NULL) {
            fail_msg("nothing is at %s", item->valuestring);
        }
        count++;
    }
    cJSON_ArrayForEach(child, item) { count += check_references(document, child); }
    return count;
}

static void every_reference_leads_somewhere(void **state)
{
    (void)state;
    cJSON *document = contract_document();
    assert_true(check_references(document, document) > 50);
    cJSON_Delete(document);
}

/* The sentence of a 404 lists the routes that there are. */
static void every_route_is_described_and_no_other(void **state)
{
    (void)state;
    struct rig rig;
    rig_start(&rig, SETS("retry_count=0"));
    struct rig_answer answer = rig_get(&rig, "GET", "/nowhere");
    assert_int_equal(answer.status, 404);
    const char *list = strstr(rig_text(&answer, "detail"), "there are ");
    assert_non_null(list);
    list += strlen("there are ");
    cJSON *document = contract_document();
    const cJSON *paths = cJSON_GetObjectItemCaseSensitive(document, "paths");
    int count = 0;
    for (;;) {
        char method[8];
        char path[64];
        assert_int_equal(sscanf(list, "%7s %63[^,]", method, path), 2);
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(paths, path);
        if (cJSON_GetObjectItem(item, method) == NULL) fail_msg("%s %s", method, path);
        struct rig_answer there = rig_get(&rig, "OPTIONS", path);
        assert_int_equal(there.status, 405);
        rig_answer_free(&there);
        count++;
        list = strchr(list, ',');
        if (list == NULL) break;
        list++;
    }
    assert_int_equal(count, cJSON_GetArraySize(paths));
    cJSON_Delete(document);
    rig_answer_free(&answer);
    rig_stop(&rig);
}

/* Lists of words. */

static const cJSON *words_at(const cJSON *document, const char *reference)
{
    char full[128];
    snprintf(full, sizeof full, "#/components/schemas/%s/enum", reference);
    const cJSON *words = json_schema_resolve(document, full);
    if (words == NULL) fail_msg("no list at %s", full);
    return words;
}

static bool holds(const cJSON *words, const char *word)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, words)
    {
        if (cJSON_IsString(one) && strcmp(one->valuestring, word) == 0) return true;
    }
    return false;
}

/* `known`: what the code can say, each once or more. */
static void check_words(const char *reference, const char *const *known, size_t count)
{
    cJSON *document = contract_document();
    const cJSON *words = words_at(document, reference);
    for (size_t i = 0; i < count; i++) {
        if (!holds(words, known[i])) fail_msg("\"%s\" is missing in %s", known[i], reference);
    }
    const cJSON *one;
    cJSON_ArrayForEach(one, words)
    {
        bool said = cJSON_IsNull(one);
        for (size_t i = 0; i < count && !said; i++) said = strcmp(one->valuestring, known[i]) == 0;
        if (!said) fail_msg("nothing says \"%s\" of %s", one->valuestring, reference);
    }
    cJSON_Delete(document);
}

enum { STEPS = PATH_BASELINE_FAILED + 1 };

static void codes_outcomes_and_path_words_are_the_ones_of_the_code(void **state)
{
    (void)state;
    const char *codes[CODE_COUNT];
    size_t count = 0;
    for (unsigned code = 1; code < CODE_COUNT; code++) codes[count++] = code_name((enum code)code);
    check_words("Code", codes, count);

    const char *outcomes[OUTCOME_COUNT];
    const char *ends[OUTCOME_COUNT];
    const char *path[OUTCOME_COUNT + STEPS];
    count = 0;
    for (unsigned i = 0; i < OUTCOME_COUNT; i++) {
        const struct path_entry attempt = { .step = PATH_ATTEMPT, .outcome = (uint8_t)i };
        outcomes[i] = outcome_name((enum outcome)i);
        path[count++] = path_entry_name(attempt);
        ends[i] = path_entry_name(attempt) + strlen("attempt:"); /* the same words */
    }
    for (unsigned i = 0; i < STEPS; i++) {
        if (i == PATH_ATTEMPT) continue;
        path[count++] = path_entry_name((struct path_entry){ .step = (uint8_t)i });
    }
    check_words("Attempts/items/properties/class", outcomes, OUTCOME_COUNT);
    check_words("Attempts/items/properties/outcome", ends, OUTCOME_COUNT);
    check_words("Path/items", path, count);
}

static void the_other_lists_are_the_ones_of_the_code(void **state)
{
    (void)state;
    const char *warnings[FORECAST_WARNING_COUNT];
    for (unsigned i = 0; i < FORECAST_WARNING_COUNT; i++) {
        warnings[i] = forecast_warning_text((enum forecast_warning)i);
    }
    check_words("Meta/properties/warnings/items", warnings, FORECAST_WARNING_COUNT);
    const char *const states[] = { breaker_state_name(BREAKER_CLOSED),
                                   breaker_state_name(BREAKER_OPEN),
                                   breaker_state_name(BREAKER_HALF_OPEN) };
    check_words("BreakerState", states, 3);
    const char *const tiers[] = { cache_tier_name(CACHE_TIER_NONE), cache_tier_name(CACHE_TIER_L1),
                                  cache_tier_name(CACHE_TIER_L2) };
    check_words("Meta/properties/cache_tier", tiers, 3);
    const char *const ages[] = { cache_state_name(CACHE_MISS), cache_state_name(CACHE_FRESH),
                                 cache_state_name(CACHE_STALE) };
    check_words("Meta/properties/cache_state", ages, 3);
    const char *const baselines[] = { baseline_name(BASELINE_EWMA), baseline_name(BASELINE_KALMAN),
                                      baseline_name(BASELINE_ROLLING_QUANTILE) };
    check_words("Meta/properties/baseline", baselines, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_document_is_served_as_it_stands_in_the_tree),
        cmocka_unit_test(every_reference_leads_somewhere),
        cmocka_unit_test(every_route_is_described_and_no_other),
        cmocka_unit_test(codes_outcomes_and_path_words_are_the_ones_of_the_code),
        cmocka_unit_test(the_other_lists_are_the_ones_of_the_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
