#include "harness/troubles.h"

#include "base/mem.h"

void troubles_tell(struct troubles *troubles, FILE *errors, const struct err_note *note)
{
    err_note_print(errors, note);
    if (troubles == NULL) return;
    troubles->notes = mem_resize(troubles->notes, troubles->count + 1, sizeof *note);
    troubles->notes[troubles->count++] = *note;
}

void troubles_deinit(struct troubles *troubles)
{
    mem_free(troubles->notes);
    *troubles = (struct troubles){ .count = 0 };
}
