#include "scenario/selection.h"

#include "base/units.h"

enum { PPM_ALL = 1000000 };

enum err selection_parse(const struct value_reader *reader, const struct yaml_node *fault,
                         uint64_t length_ns, struct selection *out)
{
    *out = (struct selection){
        .share_ppm = PPM_ALL,
        .until_ns = length_ns,
        .attempt_max = UINT32_MAX,
    };
    const struct yaml_node *share = yaml_get(fault, "share");
    return share == NULL ? ERR_OK : value_share(reader, share, "share", &out->share_ppm);
}

void selection_write(struct buf *out, const struct selection *selection, bool luck_only)
{
    char share[UNITS_TEXT_MAX];
    if (luck_only || selection->share_ppm == PPM_ALL) return;
    buf_printf(out, " %s", units_format_share(selection->share_ppm, share));
}
