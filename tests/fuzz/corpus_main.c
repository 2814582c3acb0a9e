/* Feeds every file of a folder to the target once: what fuzzers found, and what they begin with, as
 * an ordinary test under any compiler. */

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "fuzz.h"

enum { SEED_BYTES_MAX = 1 << 20 };

int main(int argc, char **argv)
{
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    if (folder == NULL) {
        fputs("usage: one folder of files\n", stderr);
        return 2;
    }
    unsigned count = 0;
    const struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] == '.') continue;
        char path[1024];
        char *text = NULL;
        size_t length = 0;
        struct err_note note = { .err = ERR_OK };
        snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
        if (file_read(path, SEED_BYTES_MAX, &text, &length, &note) != ERR_OK) {
            err_note_print(stderr, &note);
            return 1;
        }
        printf("%s\n", entry->d_name);
        fflush(stdout); /* the last name is the one that crashed */
        uint8_t *exact = mem_copy(text, length);
        LLVMFuzzerTestOneInput(exact, length);
        mem_free(exact);
        mem_free(text);
        count++;
    }
    closedir(folder);
    return count > 0 ? 0 : 1; /* an empty corpus tests nothing */
}
