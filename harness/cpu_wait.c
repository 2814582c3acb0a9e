#include "harness/cpu_wait.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LOOKS_PER_SEARCH = 16 };

/* "RAN WAITED TIMES". */
static bool read_waited(int file, uint64_t *out)
{
    char text[96];
    ssize_t got = pread(file, text, sizeof text - 1, 0);
    if (got <= 0) return false;
    text[got] = '\0';
    char *second = NULL;
    char *end = NULL;
    (void)strtoull(text, &second, 10);
    *out = strtoull(second, &end, 10);
    return end != second;
}

static void add_thread(struct cpu_wait *wait, int tid)
{
    char path[CPU_WAIT_PATH_MAX + 32];
    struct cpu_wait_thread thread = { .tid = tid };
    snprintf(path, sizeof path, "%s/%d/schedstat", wait->folder, tid);
    thread.file = open(path, O_RDONLY | O_CLOEXEC);
    if (thread.file < 0) return;
    if (!read_waited(thread.file, &thread.waited_ns)) {
        close(thread.file);
        return;
    }
    wait->threads[wait->count++] = thread;
    wait->known = true;
}

static bool is_watched(const struct cpu_wait *wait, int tid)
{
    for (size_t i = 0; i < wait->count; i++) {
        if (wait->threads[i].tid == tid) return true;
    }
    return false;
}

static void search(struct cpu_wait *wait)
{
    DIR *folder = opendir(wait->folder);
    if (folder == NULL) return;
    const struct dirent *entry;
    while (wait->count < CPU_WAIT_THREADS_MAX && (entry = readdir(folder)) != NULL) {
        int tid = (int)strtol(entry->d_name, NULL, 10);
        if (tid > 0 && !is_watched(wait, tid)) add_thread(wait, tid);
    }
    closedir(folder);
}

void cpu_wait_begin(struct cpu_wait *wait, const char *folder, instant_ns now)
{
    *wait = (struct cpu_wait){ .looked = now, .worst_at = INSTANT_NEVER };
    snprintf(wait->folder, sizeof wait->folder, "%s", folder);
    search(wait);
}

/* False when it has ended. */
static bool look_at(struct cpu_wait *wait, struct cpu_wait_thread *thread, instant_ns now)
{
    uint64_t waited_ns;
    if (!read_waited(thread->file, &waited_ns)) return false;
    thread->bout_ns += instant_until(waited_ns, thread->waited_ns);
    thread->waited_ns = waited_ns;
    wait->latest_ns = u64_max(wait->latest_ns, thread->bout_ns);
    if (thread->bout_ns > wait->worst_ns) {
        wait->worst_ns = thread->bout_ns;
        wait->worst_at = now;
    }
    thread->bout_ns = instant_until(thread->bout_ns, instant_until(now, wait->looked));
    return true;
}

void cpu_wait_look(struct cpu_wait *wait, instant_ns now)
{
    wait->latest_ns = 0;
    for (size_t i = 0; i < wait->count;) { /* ends: the count falls, or i grows */
        if (look_at(wait, &wait->threads[i], now)) {
            i++;
            continue;
        }
        close(wait->threads[i].file);
        wait->threads[i] = wait->threads[--wait->count];
    }
    wait->looked = now;
    if (++wait->looks % LOOKS_PER_SEARCH == 0) search(wait);
}

void cpu_wait_end(struct cpu_wait *wait)
{
    for (size_t i = 0; i < wait->count; i++) close(wait->threads[i].file);
    wait->count = 0;
}
