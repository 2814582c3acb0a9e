/* Which mutant of the woven core is in force: the one that TOLLGATE_MUTANT names, 0 for none. */
#include <stdlib.h>

extern unsigned mutant_in_force;
unsigned mutant_in_force;

__attribute__((constructor)) static void read_environment(void)
{
    const char *text = getenv("TOLLGATE_MUTANT");
    if (text != NULL) mutant_in_force = (unsigned)strtoul(text, NULL, 10);
}
