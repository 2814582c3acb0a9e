#include "harness/result_read_run.h"

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
    }
}
