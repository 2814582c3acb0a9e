#include "scenario/capacity.h"

static const char *const capacity_keys[] = { "workers", "queue", "on_full" };
static const char *const full_names[] = { "503", "429", "reset", "close", NULL };

enum err capacity_parse(const struct value_reader *reader, const struct yaml_node *node,
                        struct capacity *out)
{
    static const struct value_range workers_range = { 1, CAPACITY_WORKERS_MAX };
    static const struct value_range queue_range = { 0, CAPACITY_QUEUE_MAX };
    const struct yaml_node *workers = NULL;
    const struct yaml_node *queue = NULL;
    uint64_t number = 0;
    size_t chosen = 0;
    enum err err = yaml_check_keys(reader->file, node, "capacity", capacity_keys,
                                   sizeof capacity_keys / sizeof capacity_keys[0], reader->note);
    if (err == ERR_OK) err = value_require(reader, node, "capacity", "workers", &workers);
    if (err == ERR_OK) err = value_whole(reader, workers, "workers", workers_range, &number);
    if (err != ERR_OK) return err; /* it may be no map */
    out->workers = (uint32_t)number;
    err = value_require(reader, node, "capacity", "queue", &queue);
    if (err == ERR_OK) err = value_whole(reader, queue, "queue", queue_range, &number);
    out->queue = (uint32_t)number;
    const struct yaml_node *on_full = yaml_get(node, "on_full");
    if (err == ERR_OK && on_full != NULL) {
        err = value_choice(reader, on_full, "on_full", full_names, &chosen);
    }
    out->on_full = (enum capacity_full)chosen;
    return err;
}
