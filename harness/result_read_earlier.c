#include "harness/result_read_run.h"

/* Results of earlier versions do not tell. */
static void read_failing(struct cursor *cursor, const cJSON *play, struct earlier *earlier)
{
    if (cursor->failed || !cJSON_HasObjectItem(play, "failing_checks")) return;
    const cJSON *list = cursor_member(cursor, play, "failing_checks", cJSON_Array);
    const cJSON *name = NULL;
    cJSON_ArrayForEach(name, list)
    {
        earlier_add_failed(earlier, cursor_value_text(cursor, name, "failing_checks"));
    }
}

void result_read_earlier(struct cursor *cursor, const cJSON *object, struct earlier *earlier)
{
    if (!cJSON_HasObjectItem(object, "earlier_plays")) return;
    const cJSON *list = cursor_member(cursor, object, "earlier_plays", cJSON_Array);
    const cJSON *play = NULL;
    cJSON_ArrayForEach(play, list)
    {
        if (cursor->failed) return;
        const cJSON *seed = cursor_member(cursor, play, "seed", cJSON_Invalid);
        const cJSON *verdict = cursor_member(cursor, play, "verdict", cJSON_Invalid);
        earlier_add(earlier, cursor_value_wide(cursor, seed, "seed"),
                    result_status(cursor, verdict), cursor_text(cursor, play, "reason"));
        read_failing(cursor, play, earlier);
    }
}
