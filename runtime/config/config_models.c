#include <string.h>

#include "config/config.h"

bool config_next_model(const char **list, char out[256])
{
    static const char separators[] = ", \t";
    const char *name = *list + strspn(*list, separators);
    size_t length = strcspn(name, separators);
    *list = name + length;
    if (length == 0 || length >= 256) return false;
    memcpy(out, name, length);
    out[length] = '\0';
    return true;
}
