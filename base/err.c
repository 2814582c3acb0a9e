#include "base/err.h"

#include <stdarg.h>

const char *err_name(enum err err)
{
    switch (err) {
#define ERR_NAME(name, text)                                                                       \
    case name: return #name;
        ERR_LIST(ERR_NAME)
#undef ERR_NAME
    }
    return "ERR_UNKNOWN";
}

const char *err_text(enum err err)
{
    switch (err) {
#define ERR_TEXT(name, text)                                                                       \
    case name: return text;
        ERR_LIST(ERR_TEXT)
#undef ERR_TEXT
    }
    return "unknown error";
}

enum err err_note_set(struct err_note *note, enum err err, const char *path, int line, int column,
                      const char *format, ...)
{
    if (note == NULL || note->err != ERR_OK) return err;
    note->err = err;
    note->line = line;
    note->column = column;
    snprintf(note->path, sizeof note->path, "%s", path == NULL ? "" : path);
    va_list args;
    va_start(args, format);
    vsnprintf(note->sentence, sizeof note->sentence, format, args);
    va_end(args);
    return err;
}

void err_note_print(FILE *out, const struct err_note *note)
{
    if (note->path[0] != '\0') {
        fputs(note->path, out);
        if (note->line > 0) fprintf(out, ":%d", note->line);
        if (note->line > 0 && note->column > 0) fprintf(out, ":%d", note->column);
        fputs(": ", out);
    }
    fprintf(out, "error: %s\n", note->sentence);
}
