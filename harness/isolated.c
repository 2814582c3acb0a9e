#include "harness/isolated.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/lifeline.h"

static void be_silent(void)
{
    int nowhere = open("/dev/null", O_WRONLY);
    if (nowhere < 0) return;
    (void)dup2(nowhere, STDERR_FILENO);
    close(nowhere);
}

struct isolated_end isolated_run(int (*work)(void *context), void *context, bool silent)
{
    int status = 0;
    fflush(NULL);
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        static const struct rlimit no_core = { .rlim_cur = 0, .rlim_max = 0 };
        lifeline_hold(parent);
        (void)setrlimit(RLIMIT_CORE, &no_core);
        if (silent) be_silent();
        int code = work(context);
        fflush(NULL);
        _exit(code);
    }
    if (pid < 0) return (struct isolated_end){ .by_signal = true, .signal = SIGKILL };
    pid_t done;
    do {
        done = waitpid(pid, &status, 0);
    } while (done < 0 && errno == EINTR);
    assert(done == pid);
    if (!WIFSIGNALED(status)) return (struct isolated_end){ .code = WEXITSTATUS(status) };
    return (struct isolated_end){ .by_signal = true, .signal = WTERMSIG(status) };
}

void *isolated_share(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert(memory != MAP_FAILED);
    return memory;
}

void isolated_unshare(void *memory, size_t bytes)
{
    int rc = munmap(memory, bytes);
    assert(rc == 0);
}
