#include "harness/report_json_run.h"

static void put_code(struct json *json, const struct coverage *coverage)
{
    json_key(json, "code");
    if (!coverage->has_code) {
        json_null(json);
        return;
    }
    json_open(json, '{');
    json_member_u64(json, "line_permille", coverage->line_permille);
    json_member_u64(json, "branch_permille", coverage->branch_permille);
    json_member_u64(json, "lines_valid", coverage->lines_valid);
    json_member_u64(json, "branches_valid", coverage->branches_valid);
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
    json_member_u64(json, "reached", coverage->reached);
    json_member_u64(json, "items", coverage->count);
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
