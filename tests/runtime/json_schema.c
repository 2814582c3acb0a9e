#include "json_schema.h"

#include <math.h>
#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { PLACE_MAX = 256, DEPTH_MAX = 64 };

struct check {
    const cJSON *document;
    char *fault;
    char place[PLACE_MAX];
    int depth;
};

static bool check_value(struct check *check, const cJSON *schema, const cJSON *value);

__attribute__((format(printf, 2, 3)))
static bool complain(struct check *check, const char *format, ...)
{
    char sentence[SCHEMA_FAULT_MAX - PLACE_MAX - 8];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    snprintf(check->fault, SCHEMA_FAULT_MAX, "%s: %s", check->place[0] == '\0' ? "/" : check->place,
             sentence);
    return false;
}

/* `value` stands at `name` below the present place. */
static bool check_below(struct check *check, const char *name, const cJSON *schema,
                        const cJSON *value)
{
    size_t length = strlen(check->place);
    snprintf(check->place + length, PLACE_MAX - length, "/%s", name);
    bool ok = check_value(check, schema, value);
    check->place[length] = '\0';
    return ok;
}

const cJSON *json_schema_resolve(const cJSON *document, const char *reference)
{
    const cJSON *at = document;
    if (strncmp(reference, "#/", 2) != 0) return NULL;
    const char *part = reference + 2;
    while (at != NULL) {
        char name[128];
        size_t length = strcspn(part, "/");
        snprintf(name, sizeof name, "%.*s", (int)length, part);
        at = cJSON_GetObjectItemCaseSensitive(at, name);
        if (part[length] == '\0') return at;
        part += length + 1;
    }
    return NULL;
}

static bool has_type(const char *type, const cJSON *value)
{
    if (strcmp(type, "null") == 0) return cJSON_IsNull(value);
    if (strcmp(type, "boolean") == 0) return cJSON_IsBool(value);
    if (strcmp(type, "string") == 0) return cJSON_IsString(value);
    if (strcmp(type, "array") == 0) return cJSON_IsArray(value);
    if (strcmp(type, "object") == 0) return cJSON_IsObject(value);
    if (strcmp(type, "number") == 0) return cJSON_IsNumber(value);
    if (strcmp(type, "integer") != 0 || !cJSON_IsNumber(value)) return false;
    return !(value->valuedouble - floor(value->valuedouble) > 0);
}

static bool on_ref(struct check *check, const cJSON *rule, const cJSON *schema, const cJSON *value)
{
    (void)schema;
    const cJSON *target = json_schema_resolve(check->document, rule->valuestring);
    if (target == NULL) return complain(check, "no such $ref: %s", rule->valuestring);
    return check_value(check, target, value);
}

static bool on_type(struct check *check, const cJSON *rule, const cJSON *schema,
                    const cJSON *value)
{
    (void)schema;
    const cJSON *one;
    if (cJSON_IsString(rule) && has_type(rule->valuestring, value)) return true;
    cJSON_ArrayForEach(one, rule)
    {
        if (has_type(one->valuestring, value)) return true;
    }
    return complain(check, "not of the type asked for");
}

static bool on_enum(struct check *check, const cJSON *rule, const cJSON *schema,
                    const cJSON *value)
{
    (void)schema;
    const cJSON *one;
    cJSON_ArrayForEach(one, rule)
    {
        if (cJSON_Compare(one, value, true)) return true;
    }
    return complain(check, "\"%s\" is not in the list",
                    cJSON_IsString(value) ? value->valuestring : "(no string)");
}

static bool on_const(struct check *check, const cJSON *rule, const cJSON *schema,
                     const cJSON *value)
{
    (void)schema;
    return cJSON_Compare(rule, value, true) || complain(check, "not the one value");
}

static int count_valid(struct check *check, const cJSON *rule, const cJSON *value)
{
    const cJSON *one;
    int count = 0;
    cJSON_ArrayForEach(one, rule) { count += check_value(check, one, value) ? 1 : 0; }
    return count;
}

static bool on_any_of(struct check *check, const cJSON *rule, const cJSON *schema,
                      const cJSON *value)
{
    (void)schema;
    return count_valid(check, rule, value) > 0 || complain(check, "none of anyOf");
}

static bool on_one_of(struct check *check, const cJSON *rule, const cJSON *schema,
                      const cJSON *value)
{
    (void)schema;
    int count = count_valid(check, rule, value);
    return count == 1 || complain(check, "%d of oneOf", count);
}

static bool on_required(struct check *check, const cJSON *rule, const cJSON *schema,
                        const cJSON *value)
{
    (void)schema;
    const cJSON *name;
    if (!cJSON_IsObject(value)) return true;
    cJSON_ArrayForEach(name, rule)
    {
        if (cJSON_GetObjectItemCaseSensitive(value, name->valuestring) == NULL) {
            return complain(check, "\"%s\" is missing", name->valuestring);
        }
    }
    return true;
}

static bool on_properties(struct check *check, const cJSON *rule, const cJSON *schema,
                          const cJSON *value)
{
    (void)schema;
    const cJSON *property;
    if (!cJSON_IsObject(value)) return true;
    cJSON_ArrayForEach(property, rule)
    {
        const cJSON *member = cJSON_GetObjectItemCaseSensitive(value, property->string);
        if (member != NULL && !check_below(check, property->string, property, member)) return false;
    }
    return true;
}

static bool on_additional(struct check *check, const cJSON *rule, const cJSON *schema,
                          const cJSON *value)
{
    const cJSON *known = cJSON_GetObjectItemCaseSensitive(schema, "properties");
    const cJSON *member;
    if (!cJSON_IsObject(value)) return true;
    cJSON_ArrayForEach(member, value)
    {
        if (cJSON_GetObjectItemCaseSensitive(known, member->string) != NULL) continue;
        if (cJSON_IsFalse(rule)) return complain(check, "\"%s\" is not described", member->string);
        if (cJSON_IsObject(rule) && !check_below(check, member->string, rule, member)) return false;
    }
    return true;
}

static bool on_items(struct check *check, const cJSON *rule, const cJSON *schema,
                     const cJSON *value)
{
    (void)schema;
    const cJSON *item;
    int index = 0;
    if (!cJSON_IsArray(value)) return true;
    cJSON_ArrayForEach(item, value)
    {
        char name[16];
        snprintf(name, sizeof name, "%d", index++);
        if (!check_below(check, name, rule, item)) return false;
    }
    return true;
}

/* Everything with a limit: what is measured, and on which side of the limit it must lie. */

static bool measure(const char *keyword, const cJSON *value, double *out)
{
    if (strstr(keyword, "Items") != NULL) {
        if (!cJSON_IsArray(value)) return false;
        *out = cJSON_GetArraySize(value);
    } else if (strstr(keyword, "Length") != NULL) {
        if (!cJSON_IsString(value)) return false;
        *out = 0;
        for (const char *c = value->valuestring; *c != '\0'; c++) {
            if (((unsigned char)*c & 0xC0) != 0x80) *out += 1; /* characters, not bytes */
        }
    } else {
        if (!cJSON_IsNumber(value)) return false;
        *out = value->valuedouble;
    }
    return true;
}

static bool on_limit(struct check *check, const cJSON *rule, const cJSON *schema,
                     const cJSON *value)
{
    (void)schema;
    double measured;
    double limit = rule->valuedouble;
    if (!measure(rule->string, value, &measured)) return true;
    bool ok = strncmp(rule->string, "min", 3) == 0   ? measured >= limit
              : strncmp(rule->string, "max", 3) == 0 ? measured <= limit
              : strcmp(rule->string, "exclusiveMinimum") == 0 ? measured > limit
                                                               : measured < limit;
    return ok || complain(check, "%g breaks %s %g", measured, rule->string, limit);
}

static bool on_pattern(struct check *check, const cJSON *rule, const cJSON *schema,
                       const cJSON *value)
{
    (void)schema;
    regex_t regex;
    if (!cJSON_IsString(value)) return true;
    if (regcomp(&regex, rule->valuestring, REG_EXTENDED | REG_NOSUB) != 0) {
        return complain(check, "bad pattern %s", rule->valuestring);
    }
    bool ok = regexec(&regex, value->valuestring, 0, NULL, 0) == 0;
    regfree(&regex);
    return ok || complain(check, "\"%s\" is not like %s", value->valuestring, rule->valuestring);
}

static bool on_note(struct check *check, const cJSON *rule, const cJSON *schema,
                    const cJSON *value)
{
    (void)check;
    (void)rule;
    (void)schema;
    (void)value;
    return true;
}

static const struct keyword {
    const char *name;
    bool (*check)(struct check *check, const cJSON *rule, const cJSON *schema, const cJSON *value);
} keywords[] = {
    { "$ref", on_ref },
    { "type", on_type },
    { "enum", on_enum },
    { "const", on_const },
    { "anyOf", on_any_of },
    { "oneOf", on_one_of },
    { "required", on_required },
    { "properties", on_properties },
    { "additionalProperties", on_additional },
    { "items", on_items },
    { "minItems", on_limit },
    { "maxItems", on_limit },
    { "minimum", on_limit },
    { "maximum", on_limit },
    { "exclusiveMinimum", on_limit },
    { "exclusiveMaximum", on_limit },
    { "minLength", on_limit },
    { "maxLength", on_limit },
    { "pattern", on_pattern },
    { "description", on_note },
    { "title", on_note },
    { "summary", on_note },
    { "default", on_note },
    { "examples", on_note },
};

static bool check_keyword(struct check *check, const cJSON *rule, const cJSON *schema,
                          const cJSON *value)
{
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++) {
        if (strcmp(rule->string, keywords[i].name) == 0) {
            return keywords[i].check(check, rule, schema, value);
        }
    }
    return complain(check, "the checker does not know the keyword \"%s\"", rule->string);
}

static bool check_value(struct check *check, const cJSON *schema, const cJSON *value)
{
    const cJSON *rule;
    bool ok = true;
    if (!cJSON_IsObject(schema)) return complain(check, "the schema is no object");
    if (++check->depth > DEPTH_MAX) ok = complain(check, "the schema never ends");
    cJSON_ArrayForEach(rule, schema) { ok = ok && check_keyword(check, rule, schema, value); }
    check->depth--;
    return ok;
}

bool json_schema_check(const cJSON *document, const cJSON *schema, const cJSON *value,
                       char fault[SCHEMA_FAULT_MAX])
{
    struct check check = { .document = document, .fault = fault };
    fault[0] = '\0';
    return check_value(&check, schema, value);
}
