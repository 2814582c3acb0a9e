#include "harness/interrupt.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/instant.h"

static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };

/* timeout(1), and shells, may send the same one both to a program and to all of its group. */
#define INTERRUPT_TWICE_NS (300 * NS_PER_MS)

enum { NUMBERS = sizeof numbers / sizeof numbers[0] };

static volatile sig_atomic_t *noted; /* mapped by this process and those that it forks */
static volatile sig_atomic_t seen;   /* by this process alone */
static instant_ns seen_at;           /* read and written in handlers that do not nest */
static pid_t first_process;          /* the one that talks */

static void say_so(void)
{
    static const char text[] =
        "\nstopping, what was found so far is kept (once more ends it at once)\n";
    if (getpid() != first_process) return;
    ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
    (void)written; /* nobody reads any more: no reason not to stop */
}

static void end_at_once(int number)
{
    signal(number, SIG_DFL);
    raise(number); /* at the latest when its handler is left */
}

/* In a signal handler, too. */
void interrupt_note(int number)
{
    int before = errno;
    instant_ns now = clock_now();
    if (seen == 0) {
        seen = number;
        seen_at = now;
        if (noted != NULL && *noted == 0) *noted = number;
        say_so();
    } else if (instant_until(now, seen_at) > INTERRUPT_TWICE_NS) {
        end_at_once(number);
    }
    errno = before;
}

static void make_room(void)
{
    if (noted != NULL) return;
    void *memory = mmap(NULL, sizeof *noted, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                        -1, 0);
    assert(memory != MAP_FAILED);
    noted = memory;
    first_process = getpid();
}

void interrupt_listen(void)
{
    make_room();
    struct sigaction action = { .sa_handler = interrupt_note, .sa_flags = SA_RESTART };
    for (size_t i = 0; i < NUMBERS; i++) sigaddset(&action.sa_mask, numbers[i]);
    for (size_t i = 0; i < NUMBERS; i++) {
        struct sigaction before;
        sigaction(numbers[i], NULL, &before);
        bool kept = numbers[i] == SIGHUP && before.sa_handler == SIG_IGN;
        if (!kept) sigaction(numbers[i], &action, NULL);
    }
}

int interrupt_signal(void)
{
    return noted == NULL ? 0 : (int)*noted;
}

bool interrupt_came(void)
{
    return interrupt_signal() != 0;
}
