#include "harness/report_json_run.h"

static void put_number(struct json *json, const char *key, uint64_t value)
{
    json_key(json, key);
    json_u64(json, value);
}

static void put_code(struct json *json, const struct coverage *coverage)
{
    json_key(json, "code");
    if (!coverage->has_code) {
        json_null(json);
        return;
    }
    json_open(json, '{');
    put_number(json, "line_permille", coverage->line_permille);
    put_number(json, "branch_permille", coverage->branch_permille);
    put_number(json, "lines_valid", coverage->lines_valid);
    put_number(json, "branches_valid", coverage->branches_valid);
    json_close(json, '}');
}

void report_json_coverage(struct json *json, const struct coverage *coverage)
{
    report_json_line(json);
    json_key(json, "coverage");
    if (coverage->count == 0) {
        json_null(json);
        return;
    }
    json_open(json, '{');
    put_number(json, "reached", coverage->reached);
    put_number(json, "items", coverage->count);
    json_key(json, "rows");
    json_open(json, '[');
    for (size_t i = 0; i < coverage->count; i++) {
        const struct coverage_item *item = &coverage->items[i];
        report_json_line(json);
        json_open(json, '[');
        json_string(json, item->group);
        json_string(json, item->name);
        json_u64(json, item->count);
        json_u64(json, item->scenarios);
        json_close(json, ']');
    }
    json_close(json, ']');
    put_code(json, coverage);
    json_close(json, '}');
}
