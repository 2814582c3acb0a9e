#include "scenario/objective.h"

#include "base/instant.h"
#include "scenario/value.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

enum { SHARE_ALL = 1000000 };

struct slo_objectives objective_defaults(void)
{
    return (struct slo_objectives){
        .availability_ppm = 999000,
        .latency_ppm = 950000,
        .latency_ns = 300 * NS_PER_MS,
        .freshness_ppm = 950000,
        .freshness_age_ns = INSTANT_NEVER,
    };
}

/* A budget of nothing is spent at once, and one of everything never. */
static enum err parse_share(const struct value_reader *reader, const struct yaml_node *node,
                            const char *what, uint32_t *out_ppm)
{
    enum err err = value_share(reader, node, what, out_ppm);
    if (err != ERR_OK || (*out_ppm > 0 && *out_ppm < SHARE_ALL)) return err;
    return yaml_note(reader->file, node, reader->note,
                     "%s: an objective of %s leaves no error budget to speak of; allowed: over 0%% "
                     "and under 100%%, for example 99.9%%",
                     what, node->text);
}

/* { within: 300ms, share: 95% }; `limit` names the first key. */
static enum err parse_pair(const struct value_reader *reader, const struct yaml_node *map,
                           const char *what, const char *limit, uint64_t *out_ns,
                           uint32_t *out_ppm)
{
    const char *const allowed[] = { limit, "share" };
    enum err err =
        yaml_check_keys(reader->file, map, what, allowed, COUNT(allowed), reader->note);
    if (err != ERR_OK) return err;
    const struct yaml_node *value = yaml_get(map, limit);
    if (value != NULL) {
        err = value_duration(reader, value, limit, out_ns);
        if (err == ERR_OK && *out_ns == 0) {
            err = yaml_note(reader->file, value, reader->note,
                            "%s: \"%s\" is kept by nothing; allowed: over 0s", limit, value->text);
        }
    }
    value = yaml_get(map, "share");
    return err != ERR_OK || value == NULL ? err : parse_share(reader, value, what, out_ppm);
}

enum err objective_parse(const struct value_reader *reader, const struct yaml_node *map,
                         struct slo_objectives *out)
{
    static const char *const allowed[] = { "availability", "latency", "freshness" };
    enum err err =
        yaml_check_keys(reader->file, map, "slo", allowed, COUNT(allowed), reader->note);
    if (err != ERR_OK) return err;
    const struct yaml_node *value = yaml_get(map, "availability");
    if (value != NULL) {
        err = parse_share(reader, value, "availability", &out->availability_ppm);
    }
    value = yaml_get(map, "latency");
    if (err == ERR_OK && value != NULL) {
        err = parse_pair(reader, value, "latency", "within", &out->latency_ns, &out->latency_ppm);
    }
    value = yaml_get(map, "freshness");
    if (err == ERR_OK && value != NULL) {
        err = parse_pair(reader, value, "freshness", "max_age", &out->freshness_age_ns,
                         &out->freshness_ppm);
    }
    return err;
}
