#include "core/taxonomy.h"

#include <assert.h>
#include <string.h>

static const char *const code_names[CODE_COUNT] = {
#define CODE_TEXT(name, text) [name] = text,
    CODE_LIST(CODE_TEXT)
#undef CODE_TEXT
};

const char *code_name(enum code code)
{
    assert((unsigned)code < CODE_COUNT);
    return code_names[code];
}

bool code_parse(const char *name, enum code *out)
{
    for (unsigned code = 0; code < CODE_COUNT; code++) {
        if (strcmp(code_names[code], name) != 0) continue;
        *out = (enum code)code;
        return true;
    }
    return false;
}
