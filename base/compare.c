#include "base/compare.h"

#include <stddef.h>
#include <string.h>

bool compare_split(const char *text, enum compare_op *out_op, const char **out_value)
{
    /* Longer spellings first: "<=" begins with "<". */
    static const struct {
        const char *text;
        enum compare_op op;
    } spellings[] = {
        { ">=", COMPARE_GE }, { "<=", COMPARE_LE }, { "==", COMPARE_EQ },
        { ">", COMPARE_GT },  { "<", COMPARE_LT },  { "=", COMPARE_EQ },
    };
    text += strspn(text, " ");
    *out_op = COMPARE_EQ;
    for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
        size_t length = strlen(spellings[i].text);
        if (strncmp(text, spellings[i].text, length) == 0) {
            *out_op = spellings[i].op;
            text += length;
            break;
        }
    }
    text += strspn(text, " ");
    *out_value = text;
    return *text != '\0';
}

bool compare_holds(enum compare_op op, uint64_t seen, uint64_t wanted)
{
    switch (op) {
    case COMPARE_EQ: return seen == wanted;
    case COMPARE_GE: return seen >= wanted;
    case COMPARE_LE: return seen <= wanted;
    case COMPARE_GT: return seen > wanted;
    case COMPARE_LT: return seen < wanted;
    }
    return false;
}

const char *compare_text(enum compare_op op)
{
    switch (op) {
    case COMPARE_EQ: return "=";
    case COMPARE_GE: return ">=";
    case COMPARE_LE: return "<=";
    case COMPARE_GT: return ">";
    case COMPARE_LT: return "<";
    }
    return "?";
}
