#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/units.h"
#include "scenario/latency_private.h"

enum { LINE_MAX = 64 };

static int compare_values(const void *left, const void *right)
{
    const uint64_t *a = left;
    const uint64_t *b = right;
    return (*a > *b) - (*a < *b);
}

/* A scenario travels with its files: a place outside its folder is another one elsewhere. */
static bool stays_beside(const char *name)
{
    if (name[0] == '/') return false;
    for (const char *at = strstr(name, ".."); at != NULL; at = strstr(at + 1, "..")) {
        if ((at == name || at[-1] == '/') && (at[2] == '/' || at[2] == '\0')) return false;
    }
    return true;
}

/* One line of the file: a duration, or nothing when it is empty or begins with '#'. */
static bool read_line(const char *line, size_t length, uint64_t *out, bool *empty)
{
    char text[LINE_MAX];
    while (length > 0 && strchr(" \t\r", line[length - 1]) != NULL)
        length--;
    *empty = length == 0 || line[0] == '#';
    if (*empty) return true;
    if (length >= sizeof text) return false;
    memcpy(text, line, length);
    text[length] = '\0';
    return units_parse_duration(text, out) && *out <= VALUE_DURATION_MAX;
}

static enum err read_samples(const struct value_reader *reader, const char *path, const char *text,
                             struct latency *out)
{
    size_t lines = 1;
    for (const char *at = text; *at != '\0'; at++)
        lines += *at == '\n' ? 1 : 0;
    uint64_t *values = arena_alloc(reader->arena, lines, sizeof *values);
    int number = 0;
    for (const char *line = text; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        bool empty = false;
        number++;
        if (out->count == LATENCY_SAMPLES_MAX) {
            return err_note_set(reader->note, ERR_INVALID, path, number, 1,
                                "more than %d samples; allowed: at most so many",
                                (int)LATENCY_SAMPLES_MAX);
        }
        if (!read_line(line, length, &values[out->count], &empty)) {
            return err_note_set(reader->note, ERR_INVALID, path, number, 1,
                                "\"%.*s\" is not a length of time; one such as 40ms stands in each "
                                "line, empty ones and those that begin with # are passed over",
                                (int)(length < LINE_MAX ? length : LINE_MAX), line);
        }
        if (!empty) out->count++;
        line += length + (line[length] == '\n' ? 1 : 0);
    }
    out->value_ns = values;
    qsort(values, out->count, sizeof *values, compare_values);
    return ERR_OK;
}

enum err latency_parse_samples(const struct value_reader *reader, const struct yaml_node *node,
                               struct latency *out)
{
    const char *name = NULL;
    char *text = NULL;
    size_t length = 0;
    struct stat status;
    struct err_note note = { .err = ERR_OK };
    enum err err = value_scalar(reader, node, "samples", &name);
    if (err != ERR_OK) return err;
    if (!stays_beside(name)) {
        return yaml_note(reader->file, node, reader->note,
                         "samples: \"%.80s\" is not beside the scenario; name a file in its folder "
                         "or below",
                         name);
    }
    const char *path = file_beside(reader->arena, reader->file->path, name);
    bool is_file = stat(path, &status) == 0 && S_ISREG(status.st_mode);
    if (!is_file || file_read(path, LATENCY_FILE_BYTES_MAX, &text, &length, &note) != ERR_OK) {
        return yaml_note(reader->file, node, reader->note, "samples: cannot read \"%.80s\": %s",
                         path, is_file ? note.sentence : "there is no such file");
    }
    err = read_samples(reader, path, text, out);
    mem_free(text);
    if (err == ERR_OK && out->count == 0) {
        err = yaml_note(reader->file, node, reader->note,
                        "samples: \"%.80s\" holds none; one duration per line is read", path);
    }
    out->text = arena_printf(reader->arena, "samples %s", name);
    return err;
}
