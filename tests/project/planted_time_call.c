/* Impure on purpose: check_purity.sh must refuse the archive that is built from this. */
#include <time.h>

long planted_time_call(void);

long planted_time_call(void)
{
    return (long)time(NULL);
}
