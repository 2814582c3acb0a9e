#include "json_schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* The checker of the other tests, checked: every keyword takes one value and refuses another. */

static const char document_text[] =
    "{\"components\":{\"schemas\":{\"Small\":{\"type\":\"integer\",\"maximum\":9},"
    "\"Loop\":{\"$ref\":\"#/components/schemas/Loop\"}}}}";

struct row {
    const char *schema;
    const char *good; /* NULL: none is */
    const char *bad;
    const char *fault; /* part of what is said of the bad one */
};

static const struct row rows[] = {
    { "{\"type\":\"integer\"}", "3", "3.5", "type" },
    { "{\"type\":\"number\"}", "3.5", "\"3\"", "type" },
    { "{\"type\":\"string\"}", "\"\"", "null", "type" },
    { "{\"type\":\"boolean\"}", "false", "0", "type" },
    { "{\"type\":[\"array\",\"null\"]}", "null", "{}", "type" },
    { "{\"type\":\"object\"}", "{}", "[]", "type" },
    { "{\"enum\":[\"a\",null]}", "null", "\"b\"", "\"b\" is not in the list" },
    { "{\"const\":[1,2]}", "[1,2]", "[2,1]", "not the one value" },
    { "{\"anyOf\":[{\"type\":\"null\"},{\"enum\":[\"x\"]}]}", "\"x\"", "\"y\"", "anyOf" },
    { "{\"oneOf\":[{\"type\":\"integer\"},{\"minimum\":5}]}", "3", "7", "2 of oneOf" },
    { "{\"$ref\":\"#/components/schemas/Small\"}", "9", "10", "10 breaks maximum 9" },
    { "{\"$ref\":\"#/components/schemas/None\"}", NULL, "1", "no such $ref" },
    { "{\"$ref\":\"#/components/schemas/Loop\"}", NULL, "1", "never ends" },
    { "{\"required\":[\"a\"]}", "{\"a\":null}", "{\"A\":1}", "\"a\" is missing" },
    { "{\"properties\":{\"a\":{\"type\":\"null\"}}}", "{\"a\":null,\"b\":1}", "{\"a\":1}", "/a: " },
    { "{\"properties\":{\"a\":{}},\"additionalProperties\":false}", "{\"a\":1}",
      "{\"a\":1,\"b\":1}", "\"b\" is not described" },
    { "{\"additionalProperties\":{\"type\":\"array\"}}", "{\"a\":[]}", "{\"a\":1}", "/a: " },
    { "{\"items\":{\"minimum\":1}}", "[1,2]", "[1,0]", "/1: 0 breaks minimum 1" },
    { "{\"minItems\":2}", "[1,2]", "[1]", "1 breaks minItems 2" },
    { "{\"maxItems\":2}", "[1,2]", "[1,2,3]", "3 breaks maxItems 2" },
    { "{\"maximum\":1}", "1", "1.01", "1.01 breaks maximum 1" },
    { "{\"exclusiveMinimum\":0}", "0.1", "0", "exclusiveMinimum" },
    { "{\"exclusiveMaximum\":1}", "0.9", "1", "exclusiveMaximum" },
    { "{\"minLength\":2}", "\"ab\"", "\"a\"", "minLength" },
    { "{\"maxLength\":2}", "\"\u00e9\u00e9\"", "\"abc\"", "3 breaks maxLength 2" },
    { "{\"pattern\":\"^a+$\"}", "\"aa\"", "\"ab\"", "is not like" },
    { "{\"description\":\"d\",\"type\":\"null\"}", "null", "1", "type" },
    { "{\"uniqueItems\":true}", NULL, "[1,1]", "does not know the keyword \"uniqueItems\"" },
    { "[]", NULL, "1", "no object" },
};

static void every_keyword_takes_one_value_and_refuses_another(void **state)
{
    (void)state;
    cJSON *document = cJSON_Parse(document_text);
    assert_non_null(document);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *row = &rows[i];
        char fault[SCHEMA_FAULT_MAX];
        cJSON *schema = cJSON_Parse(row->schema);
        cJSON *good = row->good == NULL ? NULL : cJSON_Parse(row->good);
        cJSON *bad = cJSON_Parse(row->bad);
        assert_non_null(schema);
        if (good != NULL && !json_schema_check(document, schema, good, fault)) {
            fail_msg("%s of %s: %s", row->good, row->schema, fault);
        }
        if (json_schema_check(document, schema, bad, fault)) {
            fail_msg("%s passes %s", row->bad, row->schema);
        }
        if (strstr(fault, row->fault) == NULL) fail_msg("%s: %s", row->schema, fault);
        cJSON_Delete(schema);
        cJSON_Delete(good);
        cJSON_Delete(bad);
    }
    cJSON_Delete(document);
}

static void a_fault_names_its_place(void **state)
{
    (void)state;
    cJSON *schema = cJSON_Parse("{\"properties\":{\"a\":{\"items\":{\"properties\":{\"b\":"
                                "{\"type\":\"null\"}}}}}}");
    cJSON *value = cJSON_Parse("{\"a\":[{},{\"b\":1}]}");
    char fault[SCHEMA_FAULT_MAX];
    assert_false(json_schema_check(schema, schema, value, fault));
    assert_string_equal(fault, "/a/1/b: not of the type asked for");
    cJSON_Delete(schema);
    cJSON_Delete(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_keyword_takes_one_value_and_refuses_another),
        cmocka_unit_test(a_fault_names_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
